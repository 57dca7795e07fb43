#define CAF_SUITE tls_handshake

#include "net/http_client.hpp"
#include "net/http_server.hpp"
#include "net/tls.hpp"
#include "tests/raw_socket.hpp"
#include "tests/suite.hpp"

#include <filesystem>
#include <fstream>
#include <future>
#include <openssl/ssl.h>
#include <sstream>
#include <thread>
#include <unistd.h>

using namespace betanet;
using namespace std::chrono_literals;

namespace {

namespace fs = std::filesystem;

struct identity {
  std::string certificate, key; ///< PEM.
};

/// Two authorities and what the first one has signed, made once by openssl(1).
class authority {
public:
  authority() : folder_(fs::temp_directory_path() / "tls_suite.XXXXXX") {
    CAF_REQUIRE(::mkdtemp(folder_.data()) != nullptr);
    for (const std::string ca : {"ca", "other"})
      openssl("req -x509 " + new_key(ca) + " -days 9 -out " + ca + ".pem");
  }
  ~authority() { fs::remove_all(folder_); }

  std::string certificate(const std::string& ca = "ca") const {
    return text(ca + ".pem");
  }

  /// Signs a certificate for a subject. `names` are alternative names as in
  /// `DNS:a,IP:127.0.0.1`; empty: none.
  identity sign(const std::string& subject, const std::string& names,
                const std::string& ca = "ca") {
    openssl("req " + new_key(subject) + " -out r.csr");
    std::ofstream{folder_ + "/r.ext"}
        << (names.empty() ? "" : "subjectAltName=" + names);
    openssl("x509 -req -in r.csr -CA " + ca + ".pem -CAkey " + ca +
            ".key -days 7 -extfile r.ext -out r.pem");
    return {text("r.pem"), text(subject + ".key")};
  }

private:
  static std::string new_key(const std::string& name) {
    return "-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=" +
           name + " -keyout " + name + ".key";
  }

  void openssl(const std::string& arguments) const {
    CAF_REQUIRE_EQUAL(std::system(("cd " + folder_ + " && openssl " +
                                   arguments + " >/dev/null 2>&1")
                                      .c_str()),
                      0);
  }

  std::string text(const std::string& name) const {
    std::ostringstream all;
    all << std::ifstream{folder_ + "/" + name}.rdbuf();
    return all.str();
  }

  std::string folder_;
};

authority& signer() {
  static authority only;
  return only;
}

/// A server at the address that the client asks.
net::tls_server_material server_material() {
  const auto own = signer().sign("server", "IP:127.0.0.1");
  return {own.certificate, own.key};
}

/// A client and a server of ours on one loop.
struct tls_fixture {
  ~tls_fixture() {
    client.reset();
    loop.stop();
    if (runner.joinable())
      runner.join();
    server.reset();
  }

  void serve(net::tls_server_material m) {
    server = std::make_unique<net::http_server>(
        loop, net::server_limits{}, [this](std::shared_ptr<net::exchange> e) {
          ++requests;
          connections = e->request().stats.connections;
          e->respond(
              std::make_shared<const net::reply>(200, "text/plain", body));
        });
    const auto address = server->listen("127.0.0.1", 0);
    port = static_cast<std::uint16_t>(
        std::stoi(address.substr(address.rfind(':') + 1)));
    server->secure({net::serve_tls(m), {}});
    runner = std::thread{[this] { loop.run(); }};
  }

  void serve(const identity& i) {
    serve(net::tls_server_material{i.certificate, i.key});
  }

  /// The answer to a request, or its error.
  std::string get(const net::tls_material& m,
                  const std::string& server_name = {},
                  const std::string& fields = {}) {
    net::resource what{"127.0.0.1", port, "/", "test", 32 << 20};
    what.tls = true;
    what.server_name = server_name;
    what.identity = {fields, m};
    client = std::make_unique<net::http_client>(shared, what);
    return get_again();
  }

  std::string get_again() {
    std::promise<net::outcome> result;
    client->get(5s, [&](net::outcome o) { result.set_value(std::move(o)); });
    const auto o = result.get_future().get();
    seen = net::trace_of(o);
    if (const auto* e = std::get_if<net::error>(&o))
      return to_string(e->code) + ": " + e->text;
    return std::get<net::response>(o).body;
  }

  /// What a client of OpenSSL's own sees of the server. `prepare` gets its
  /// context, `look` the connection after the handshake. "none" if that failed.
  std::string seen_by_openssl(const std::function<void(SSL_CTX*)>& prepare,
                              const std::function<std::string(SSL*)>& look) {
    const std::unique_ptr<SSL_CTX, void (*)(SSL_CTX*)> context{
        SSL_CTX_new(TLS_client_method()), SSL_CTX_free};
    prepare(context.get());
    const std::unique_ptr<SSL, void (*)(SSL*)> ssl{SSL_new(context.get()),
                                                   SSL_free};
    const auto socket = testing::raw_socket::connect(port);
    SSL_set_fd(ssl.get(), socket.native());
    return SSL_connect(ssl.get()) == 1 ? look(ssl.get()) : "none";
  }

  net::tls_material trusting(const identity& own = {}) const {
    net::tls_material m;
    m.ca = signer().certificate();
    m.certificate = own.certificate;
    m.key = own.key;
    return m;
  }

  std::string body = "hello"; ///< Of the answers.
  net::loop loop;
  net::outbound shared{loop};
  std::unique_ptr<net::http_server> server;
  std::unique_ptr<net::http_client> client;
  std::thread runner;
  std::uint16_t port = 0;
  int requests = 0;
  std::uint64_t connections = 0; ///< At the latest request.
  net::trace seen;               ///< Of the latest request.
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(tls_tests, tls_fixture)

CAF_TEST(a trusted server of the right name answers over one connection) {
  serve(signer().sign("server", "IP:127.0.0.1"));

  CAF_CHECK_EQUAL(get(trusting()), "hello");
  CAF_CHECK_EQUAL(seen.tls_version, "TLSv1.3");
  CAF_CHECK(seen.certificate_expiry.has_value());
  CAF_CHECK_EQUAL(get_again(), "hello");

  CAF_CHECK_EQUAL(seen.tls_version, ""); // no further handshake
  CAF_CHECK_EQUAL(requests, 2);
  CAF_CHECK_EQUAL(connections, 1u);
}

CAF_TEST(an encrypted answer above the buffers of the kernel is read whole) {
  body = std::string(16 << 20, 'x');
  serve(server_material());

  CAF_CHECK_EQUAL(get(trusting()).size(), body.size());
}

CAF_TEST(a request is read whole from one record of TLS) {
  serve(server_material());

  // More than one read takes: the rest is decrypted, and nothing more comes.
  // Together more than one step of the server may take from the socket.
  CAF_CHECK_EQUAL(get(trusting(), {}, "X: " + std::string(7000, 'x') + "\r\n"),
                  "hello");
  for (int i = 0; i < 5; ++i)
    CAF_CHECK_EQUAL(get_again(), "hello");
}

CAF_TEST(a server of another authority is asked nothing) {
  serve(signer().sign("server", "IP:127.0.0.1", "other"));

  const auto failure = get(trusting());
  CHECK_CONTAINS(failure, "tls: TLS: unable to get local issuer certificate");
  CHECK_CONTAINS(failure, "(certificate /CN=server)");
  CAF_CHECK(seen.certificate_expiry.has_value());
  CAF_CHECK_EQUAL(requests, 0);

  auto old = trusting();
  old.most = net::tls_version::v1_2;
  CHECK_CONTAINS(get(old), "(certificate /CN=server)");
  CAF_CHECK(seen.certificate_expiry.has_value());

  auto careless = trusting();
  careless.verify = false;
  CAF_CHECK_EQUAL(get(careless), "hello");
}

CAF_TEST(the configured name has priority over the host) {
  serve(signer().sign("server", "DNS:betanet.test"));

  CHECK_CONTAINS(get(trusting()), "IP address mismatch");
  CHECK_CONTAINS(get(trusting(), "elsewhere.test"), "hostname mismatch");
  CAF_CHECK_EQUAL(requests, 0);
  CAF_CHECK_EQUAL(get(trusting(), "betanet.test"), "hello");
  CAF_CHECK_EQUAL(get(trusting(), "betanet.test."), "hello");
}

CAF_TEST(the subject and a part of a wildcard are no names) {
  serve(signer().sign("betanet.test", ""));
  CHECK_CONTAINS(get(trusting(), "betanet.test"), "hostname mismatch");
  CAF_CHECK_EQUAL(requests, 0);
}

CAF_TEST(a wildcard stands for a whole label) {
  serve(signer().sign("server", "DNS:*.betanet.test,DNS:b*.part.test"));

  CAF_CHECK_EQUAL(get(trusting(), "eu.betanet.test"), "hello");
  CHECK_CONTAINS(get(trusting(), "bx.part.test"), "hostname mismatch");
}

CAF_TEST(material that is not PEM gives the error local at each request) {
  serve(signer().sign("server", "IP:127.0.0.1"));
  auto broken = trusting();
  broken.ca = "no certificate";

  const auto failure = get(broken);

  CHECK_CONTAINS(failure, "local: ");
  CAF_CHECK_EQUAL(get_again(), failure);
  CAF_CHECK_EQUAL(requests, 0);
}

CAF_TEST(a name that TLS does not know is an error) {
  serve(signer().sign("server", "IP:127.0.0.1"));

  CHECK_CONTAINS(get(trusting(), std::string(256, 'a')),
                 "tls: TLS: no certificate can be checked");
  CAF_CHECK_EQUAL(requests, 0);
}

CAF_TEST(a server that wants a certificate answers only those it trusts) {
  auto m = server_material();
  m.auth = net::client_auth::require_and_verify;
  m.client_ca = signer().certificate();
  serve(m);

  CHECK_NOT_CONTAINS(get(trusting()), "hello");
  CHECK_NOT_CONTAINS(get(trusting(signer().sign("c", "DNS:c", "other"))),
                     "hello");
  CAF_CHECK_EQUAL(requests, 0);
  CAF_CHECK_EQUAL(get(trusting(signer().sign("c", "DNS:c"))), "hello");
}

CAF_TEST(a server that verifies given certificates answers without one) {
  auto m = server_material();
  m.auth = net::client_auth::verify_if_given;
  m.client_ca = signer().certificate();
  serve(m);

  CAF_CHECK_EQUAL(get(trusting()), "hello");
  CHECK_NOT_CONTAINS(get(trusting(signer().sign("c", "DNS:c", "other"))),
                     "hello");
}

CAF_TEST(a server that requires any certificate trusts all) {
  auto m = server_material();
  m.auth = net::client_auth::require_any;
  serve(m);

  CHECK_NOT_CONTAINS(get(trusting()), "hello");
  CAF_CHECK_EQUAL(get(trusting(signer().sign("c", "DNS:c", "other"))), "hello");
}

CAF_TEST(a client needs one of the names that the server admits) {
  auto m = server_material();
  m.auth = net::client_auth::require_and_verify;
  m.client_ca = signer().certificate();
  m.client_sans = {"prometheus.test", "10.1.2.3", "a@b.test", "spiffe://x/y"};
  serve(m);

  for (const auto* good : {"DNS:prometheus.test", "DNS:z,IP:10.1.2.3",
                           "email:a@b.test", "URI:spiffe://x/y"})
    CAF_CHECK_EQUAL(get(trusting(signer().sign("c", good))), "hello");
  CAF_CHECK_EQUAL(requests, 4);
  for (const auto* bad : {"DNS:other.test", "IP:10.1.2.4", "email:b@b.test",
                          "DNS:xprometheus.test", ""})
    CHECK_NOT_CONTAINS(get(trusting(signer().sign("c", bad))), "hello");
  CAF_CHECK_EQUAL(requests, 4);
}

CAF_TEST(the chain of a client is bounded) {
  auto m = server_material();
  m.auth = net::client_auth::require_any;
  serve(m);
  const auto chain_of = [](std::size_t count) {
    auto all = signer().sign("c", "DNS:c");
    const auto one = all.certificate;
    while (--count > 0)
      all.certificate += one;
    return all;
  };

  CAF_CHECK_EQUAL(get(trusting(chain_of(60))), "hello"); // about 25 KiB
  CHECK_NOT_CONTAINS(get(trusting(chain_of(120))), "hello");
}

CAF_TEST(a client without TLS is told so and any other gets no text) {
  serve(server_material());
  const auto answer_to = [this](const std::string& bytes) {
    auto s = testing::raw_socket::connect(port);
    s.send(bytes);
    return s.read_all();
  };

  const auto plain = answer_to("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  CAF_CHECK_EQUAL(plain.substr(0, 12), "HTTP/1.1 400");
  CHECK_CONTAINS(plain,
                 "\r\n\r\nThis is HTTPS, the request came without TLS.\n");

  CHECK_NOT_CONTAINS(answer_to("SSH-2.0-OpenSSH_9.2\r\n"), "HTTP");
  CAF_CHECK_EQUAL(requests, 0);
}

CAF_TEST(each version of TLS can be the only one) {
  using net::tls_version;
  auto m = server_material();
  serve(m);

  for (const auto& [version, name] : {std::pair{tls_version::v1_0, "TLSv1"},
                                      {tls_version::v1_1, "TLSv1.1"},
                                      {tls_version::v1_2, "TLSv1.2"},
                                      {tls_version::v1_3, "TLSv1.3"}}) {
    m.least = m.most = version;
    server->secure({net::serve_tls(m), {}});
    CAF_CHECK_EQUAL(seen_by_openssl(
                        [](SSL_CTX* c) {
                          SSL_CTX_set_min_proto_version(c, TLS1_VERSION);
                          SSL_CTX_set_cipher_list(c, "DEFAULT:@SECLEVEL=0");
                        },
                        [](SSL* s) { return std::string{SSL_get_version(s)}; }),
                    name);
  }
}

CAF_TEST(a peer without TLS is recognised) {
  testing::raw_server plain{{[](testing::raw_socket& s) {
    s.send("HTTP/1.1 400 Bad Request\r\n\r\n");
    s.read_all();
  }}};
  runner = std::thread{[this] { loop.run(); }};
  port = plain.port();

  CHECK_CONTAINS(get(trusting()), ", the peer seems to speak plain HTTP");
  client.reset();
}

CAF_TEST(the server chooses the cipher suite unless it leaves that to clients) {
  auto m = server_material();
  m.least = m.most = net::tls_version::v1_2;
  m.cipher_suites = {"ECDHE-ECDSA-AES256-GCM-SHA384",
                     "ECDHE-ECDSA-AES128-GCM-SHA256"};
  serve(m);
  const auto suite = [this] {
    return seen_by_openssl(
        [](SSL_CTX* c) {
          SSL_CTX_set_cipher_list(c, "ECDHE-ECDSA-AES128-GCM-SHA256:"
                                     "ECDHE-ECDSA-AES256-GCM-SHA384");
        },
        [](SSL* s) { return std::string{SSL_get_cipher_name(s)}; });
  };
  CAF_CHECK_EQUAL(suite(), "ECDHE-ECDSA-AES256-GCM-SHA384");

  m.prefers_own_suites = false;
  server->secure({net::serve_tls(m), {}});
  CAF_CHECK_EQUAL(suite(), "ECDHE-ECDSA-AES128-GCM-SHA256");
}

CAF_TEST(only the curves of the server are used) {
  auto m = server_material();
  serve(m);
  const auto curve = [this](const char* offered) {
    return seen_by_openssl(
        [=](SSL_CTX* c) { SSL_CTX_set1_groups_list(c, offered); },
        [](SSL* s) -> std::string {
          return SSL_group_to_name(
              s, static_cast<int>(SSL_get_negotiated_group(s)));
        });
  };
  for (const std::string name :
       {"x25519", "secp256r1", "secp384r1", "secp521r1"})
    CAF_CHECK_EQUAL(curve(name == "x25519" ? "X25519" : name.c_str()), name);
  CAF_CHECK_EQUAL(curve("ffdhe2048"), "none");

  m.curves = {"P-384"};
  server->secure({net::serve_tls(m), {}});
  CAF_CHECK_EQUAL(curve("X25519:P-384"), "secp384r1");
  CAF_CHECK_EQUAL(curve("X25519"), "none");
}

CAF_TEST(a client learns which authorities may sign its certificate) {
  auto m = server_material();
  m.auth = net::client_auth::verify_if_given;
  m.client_ca = signer().certificate() + signer().certificate("other");
  serve(m);

  const auto names = seen_by_openssl(
      [](SSL_CTX*) {},
      [](SSL* s) {
        std::string all;
        const auto* list = SSL_get0_peer_CA_list(s);
        for (int i = 0; i < sk_X509_NAME_num(list); ++i) {
          char text[100];
          X509_NAME_oneline(sk_X509_NAME_value(list, i), text, sizeof text);
          all += text;
        }
        return all;
      });

  CAF_CHECK_EQUAL(names, "/CN=ca/CN=other");
}

CAF_TEST(HTTP 1_1 is chosen from the protocols of a client) {
  serve(server_material());
  const auto chosen = [this](const std::string& offered) {
    return seen_by_openssl(
        [&](SSL_CTX* c) {
          SSL_CTX_set_alpn_protos(
              c, reinterpret_cast<const unsigned char*>(offered.data()),
              static_cast<unsigned>(offered.size()));
        },
        [](SSL* s) {
          const unsigned char* name = nullptr;
          unsigned size = 0;
          SSL_get0_alpn_selected(s, &name, &size);
          return std::string(reinterpret_cast<const char*>(name), size);
        });
  };

  CAF_CHECK_EQUAL(chosen("\x02h2\x08http/1.1"), "http/1.1");
  CAF_CHECK_EQUAL(chosen("\x02h2"), "");
}

CAF_TEST(a version that the server does not speak is refused) {
  auto m = server_material();
  m.least = m.most = net::tls_version::v1_3;
  serve(m);
  auto old = trusting();
  old.most = net::tls_version::v1_2;

  CHECK_CONTAINS(get(old), "tls: TLS: ");
  CAF_CHECK_EQUAL(get(trusting()), "hello");
}

CAF_TEST_FIXTURE_SCOPE_END()
