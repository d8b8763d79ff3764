// Goal: an address holds what its parts say, whatever bytes they consist of.
#include "tecnochat/http_client/url.hpp"

#include <catch2/catch.hpp>

#include "fields.hpp"

namespace tecnochat::http_client {

TEST_CASE("a base address is scheme, host, port and path") {
    const auto url = Url::parse("https://Graph.Facebook.com/graph/");
    REQUIRE(url);
    CHECK(url->origin() == Origin{true, "graph.facebook.com", 443});
    CHECK(url->target() == "/graph");
    CHECK(Url::parse("https://a.example:8443")->origin() == Origin{true, "a.example", 8443});
    CHECK(Url::parse("https://a.example:8443")->target() == "/");
    CHECK(Url::parse("http://[::1]:80/")->origin() == Origin{false, "[::1]", 80});
    CHECK(Url::parse("http://127.0.0.1")->text() == "http://127.0.0.1:80/");
}

TEST_CASE("what is no address of a server is refused, plain http beyond loopback too") {
    for (const auto* text :
         {"",
          "graph.facebook.com",
          "ftp://a.example",
          "file:///etc/passwd",
          "http://a.example",
          "https://",
          "https://:443",
          "https://user:word@a.example",
          "https://a.example:0",
          "https://a.example:65536",
          "https://a.example:",
          "https://a.example:44x",
          "https://a.example?q",
          "https://a.example/p?q",
          "https://a.example/p#f",
          "https://a.example/a b",
          "https://a.example/a\r\nX: y",
          "https://a.exa\nmple",
          "https://[::1",
          "https://[]"}) {
        INFO(text);
        const auto url = Url::parse(text);
        REQUIRE_FALSE(url);
        CHECK(url.error().code == ErrorCode::kInvalidArgument);
    }
}

TEST_CASE("no segment ends the path, changes it, or leaves a byte unencoded") {
    const auto base = Url::parse("https://a.example/v").value();
    const auto target = [&](std::string_view segment) {
        return base.join({segment, "messages"})->target();
    };
    CHECK(target("106540352242922") == "/v/106540352242922/messages");
    CHECK(target("a/b") == "/v/a%2Fb/messages");
    CHECK(target("../x") == "/v/..%2Fx/messages");
    CHECK(target("a?b=c#d") == "/v/a%3Fb%3Dc%23d/messages");
    CHECK(target("a\r\nHost: b") == "/v/a%0D%0AHost%3A%20b/messages");
    CHECK(target("%2e%2e") == "/v/%252e%252e/messages");
    CHECK(target("\\") == "/v/%5C/messages");
    CHECK(target("ñ") == "/v/%C3%B1/messages");
    for (int byte = 0; byte < 256; ++byte) {
        const auto text = target("x" + std::string(1, static_cast<char>(byte)));
        CHECK(
            text.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                   "0123456789-._~%/") == std::string::npos
        );
    }
}

TEST_CASE("a segment that is empty or only dots is refused") {
    const auto base = Url::parse("https://a.example").value();
    for (const auto* segment : {"", ".", ".."}) {
        const auto url = base.join({"v23.0", segment, "messages"});
        REQUIRE_FALSE(url);
        CHECK(url.error().code == ErrorCode::kInvalidArgument);
    }
}

TEST_CASE("parameters of a query are encoded") {
    const auto url = Url::parse("https://a.example/p")->with("q", "a&b=c d").with("r", "");
    CHECK(url.target() == "/p?q=a%26b%3Dc%20d&r=");
}

TEST_CASE("header fields are found by any case of letters, the first one counts") {
    const std::string head =
        "HTTP/1.1 200 OK\r\nretry-after:  7 \r\nX-App-Usage: {\"a\":1}\r\nX-App-Usage: 2\r\nlast: 3";
    CHECK(field_of(head, "Retry-After") == "7");
    CHECK(field_of(head, "x-app-usage") == "{\"a\":1}");
    CHECK(field_of(head, "LAST") == "3");
    CHECK_FALSE(field_of(head, "X-App").has_value());
    CHECK_FALSE(field_of("", "X-App").has_value());
}

TEST_CASE("a header field with a line end, or of the client's own, is refused") {
    CHECK(is_field("Authorization", "Bearer a"));
    CHECK(is_field("X-Note", "tab\there, \xC3\xB1"));
    for (const auto* value : {"", " ", "a\rb", "a\nb", "a\r\nHost: b", "a\x7F", "\x01"}) {
        CHECK_FALSE(is_field("X-Note", value));
    }
    CHECK_FALSE(is_field("X-Note", std::string_view("a\0b", 3)));
    for (const auto* name :
         {"", "X Note", "X:", "X\r\nY", "host", "Content-Length", "transfer-encoding", "Expect"}) {
        CHECK_FALSE(is_field(name, "a"));
    }
}

}  // namespace tecnochat::http_client
