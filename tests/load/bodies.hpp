#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace tecnochat::crypto {
class HmacSha256;
}

namespace tecnochat::load {

struct Target {
    std::string host;  // an IPv4 address
    std::uint16_t port = 0;
    std::string path;
};

/// Reads "http://127.0.0.1:8081/webhooks/whatsapp"; throws std::runtime_error.
Target parse_url(const std::string& url);

/// A complete HTTP request that posts this webhook body with its signature.
std::string signed_request(
    const Target& target, const std::string& body, const crypto::HmacSha256& key
);

/// `count` complete HTTP requests, ready to be written: each a different signed webhook with one
/// text message of a typical size (about 700 bytes of JSON). Ids are unique per `run`.
std::vector<std::string> signed_requests(
    const Target& target, std::size_t count, const std::string& secret, const std::string& run
);

}  // namespace tecnochat::load
