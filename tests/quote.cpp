#define CAF_SUITE quote

#include "config/quote_impl.hpp"
#include "tests/suite.hpp"

using namespace betanet::config;

CAF_TEST(a short value is shown as it is) {
  for (const std::string text :
       {"", "5", "metrics", "unix:/tmp/x", "TLS_RSA_WITH_RC4_128_SHA",
        "eu-west-1.betanet.example:9000x", "VerifyClientCertIfGive",
        "[1::2::3]", "a b", "\xe2\x82\xac"})
    CAF_CHECK_EQUAL(quote(text), "\"" + text + "\"");
}

CAF_TEST(a long value is cut to forty characters) {
  const std::string forty(40, 'x');

  CAF_CHECK_EQUAL(quote(forty), "\"" + forty + "\"");
  CAF_CHECK_EQUAL(quote(forty + "y"), "\"" + forty + "...\"");
  // characters are counted, not bytes, and none is cut in two
  std::string euros;
  for (int i = 0; i < 40; ++i)
    euros += "\xe2\x82\xac";
  CAF_CHECK_EQUAL(quote(euros + "x"), "\"" + euros + "...\"");
}

CAF_TEST(what a terminal would obey is escaped) {
  CAF_CHECK_EQUAL(quote("a\x1b[31m"), "\"a\\x1b[31m\"");
  CAF_CHECK_EQUAL(quote("\x7f\t"), "\"\\x7f\\x09\"");
  CAF_CHECK_EQUAL(quote("\xc2\x9b"), "\"\\xc2\\x9b\""); // a control of Latin 1
  CAF_CHECK_EQUAL(quote("\xff\xc3"), "\"\\xff\\xc3\""); // not UTF-8

  // an escaped byte takes four of the forty characters
  std::string ten;
  for (int i = 0; i < 10; ++i)
    ten += "\\x1b";
  CAF_CHECK_EQUAL(quote(std::string(10, '\x1b')), "\"" + ten + "\"");
  CAF_CHECK_EQUAL(quote(std::string(10, '\x1b') + "x"), "\"" + ten + "...\"");
}

CAF_TEST(what looks like a secret is hidden) {
  for (const std::string text : {"http://user:canary@host",
                                 "user:canary@host",
                                 "http://user:canary",
                                 "Passw0rd",
                                 "correct-Horse7",
                                 "p4ss!word",
                                 "$2y$10$abcdefghijklmnopqrstuuAuXeCk6cDyT9B",
                                 "$6$salt$hash",
                                 "0123456789abcdef0123",
                                 "550e8400-e29b-41d4-a716-446655440000",
                                 "dGhpc2lzYXNlY3JldDEyMw==",
                                 "aaaaaaaaaaaaaaaaaaa0",
                                 "aaaaaaaaaaaaaaaaaaa9",
                                 "$0",
                                 "$9x",
                                 "-----BEGIN PRIVATE KEY-----",
                                 "a\nb",
                                 "Bearer abc",
                                 "basic abc",
                                 "/stats?token=abc"}) {
    CAF_CHECK_EQUAL(quote(text), "the value");
    CAF_CHECK_EQUAL(name_for_message(text), "...");
  }
}

CAF_TEST(the name of a file is shown unless it is the text of a key) {
  const std::string plain =
      "/var/lib/kubelet/pods/550e8400-e29b-41d4-a716-446655440000/volumes/"
      "kubernetes.io~secret/betanet/client-certificate.pem";

  CAF_CHECK_EQUAL(path_for_message(plain), plain);
  const std::string longest = "/" + std::string(254, 'x');
  CAF_CHECK_EQUAL(path_for_message(longest), longest);
  CAF_CHECK_EQUAL(path_for_message(longest + "y"), longest + "...");
  for (const std::string text : {"/etc/-----BEGIN PRIVATE KEY-----", "a\nb",
                                 "/etc/x/MIIEvQIBADANBgkqhkiG9w0BAQ",
                                 "/etc/$2y$10$abc", "https://host/x"})
    CAF_CHECK_EQUAL(path_for_message(text),
                    "a file whose name looks like a secret");
}
