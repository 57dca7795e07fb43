#include "net/identity_reader_impl.hpp"

#include <exception>

namespace betanet::net {

identity_reader::identity_reader(outbound& shared, const resource& r)
    : shared_(shared),
      tls_(r.tls),
      identity_(r.identity),
      identify_(r.identify) {
  if (!identify_ && !tls_)
    fixed_ = prepared{identity_.fields, nullptr};
}

void identity_reader::read(const std::function<void(result)>& done) {
  if (fixed_)
    return done(*fixed_);
  if (is_reading_)
    return done(error{errc::local, "certificates and secrets are still being "
                                   "read for an earlier request"});
  is_reading_ =
      shared_.files.ask(reading(), [weak = weak_from_this(), done](result r) {
        const auto self = weak.lock();
        if (!self)
          return;
        self->is_reading_ = false;
        const auto* p = std::get_if<prepared>(&r);
        if (p && !self->identify_)
          self->fixed_ = *p;
        done(std::move(r));
      });
  if (!is_reading_)
    done(error{errc::local, "no thread to read certificates and secrets"});
}

/// What runs in a thread, which may outlive this object.
std::function<identity_reader::result()> identity_reader::reading() const {
  return [identify = identify_, fixed = identity_, tls = tls_,
          contexts = shared_.contexts]() -> result {
    try {
      auto id = identify ? identify() : fixed;
      prepared p{std::move(id.fields), nullptr};
      if (tls)
        p.context = contexts->get(id.tls.value_or(tls_material{}));
      return p;
    } catch (const std::exception& e) {
      return error{errc::local, e.what()};
    }
  };
}

} // namespace betanet::net
