#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

#include "tecnochat/core/result.hpp"

namespace tecnochat::http_client {

/// Scheme, host and port of a server: what an allow-list holds and what a kept connection is for.
struct Origin {
    bool tls = true;
    std::string host;  // lower case; an IPv6 address in brackets
    std::uint16_t port = 443;

    bool operator==(const Origin&) const = default;
    /// "https://graph.facebook.com:443".
    [[nodiscard]] std::string text() const;
};

/// The address of a request. Whatever is added to it is percent-encoded, so that an id from outside
/// can neither end the path nor change it. Immutable: join() and with() give a new one.
class Url {
 public:
    /// "https://host[:port][/path]", or http:// where the host is this machine. kInvalidArgument
    /// for everything else: another scheme, user and password, a query, a fragment.
    static Result<Url> parse(std::string_view base);

    /// With these segments at the end of the path. kInvalidArgument for an empty one, and for "."
    /// and "..", which servers resolve even when they are encoded.
    [[nodiscard]] Result<Url> join(std::initializer_list<std::string_view> segments) const;
    /// With one more parameter in the query.
    [[nodiscard]] Url with(std::string_view name, std::string_view value) const;

    [[nodiscard]] const Origin& origin() const { return origin_; }
    /// Path and query as they are sent, e.g. "/v23.0/1065/messages".
    [[nodiscard]] std::string target() const;
    [[nodiscard]] std::string text() const { return origin_.text() + target(); }

 private:
    Url(Origin origin, std::string path) : origin_(std::move(origin)), path_(std::move(path)) {}

    Origin origin_;
    std::string path_;   // without a slash at the end
    std::string query_;  // without the question mark
};

}  // namespace tecnochat::http_client
