#pragma once

// The replies of the HTTP front, as functions of what was asked and found.

#include "actors/messages.hpp"
#include "pages/routes.hpp"

#include <string>
#include <string_view>

namespace betanet {

/// `fields` are further header fields, each ended by CR LF.
reply_ptr text_reply(int status, const std::string& text,
                     std::string_view fields = {});

/// The reply with a rendered page. `escaping` is what the client accepts, or
/// empty.
reply_ptr page_reply(const page_ptr& p, net::format format, bool compressed,
                     std::string_view escaping);

/// The reply to a path whose answer is made from the census, if the cache or
/// the renderer does not answer.
reply_ptr answer_without_cache(const pages::route& r);

/// The reply to a client that the guard does not admit; null if it does.
reply_ptr reply_to_denied(permission granted);

/// The reply to a request for an unknown path, with a wrong method, or sent by
/// a page of another site; null to other requests.
reply_ptr reply_to_unservable(const pages::route& r,
                              const net::request_head& asked);

// The replies to clients whose question another actor has not answered in time.
reply_ptr reply_without_cache();
reply_ptr reply_without_configuration();
reply_ptr reply_without_reload();

} // namespace betanet
