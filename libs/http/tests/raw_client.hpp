#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace tecnochat::http {

struct RawAnswer {
    int status = 0;  // 0: the connection ended (or 10 s passed) without an answer
    std::string head;
    std::string body;
};

/// A client that sends exactly the bytes it is told to, as a test of a public edge must.
class RawClient {
 public:
    explicit RawClient(std::uint16_t port);
    ~RawClient();
    RawClient(const RawClient&) = delete;
    RawClient& operator=(const RawClient&) = delete;

    /// False once the server no longer takes bytes.
    bool send(std::string_view bytes);
    /// The next answer; later ones stay for the next call. `has_body` false: an answer to HEAD.
    RawAnswer receive(bool has_body = true);
    /// True if the server closes within 10 s (whatever it still sends is dropped).
    bool closed_by_server();
    /// Half-closes: this client has nothing more to say.
    void finish();

 private:
    bool fill();

    int socket_ = -1;
    std::string buffer_;
};

/// "POST <path>" with Content-Length, Host, and `fields` ("Name: value\r\n…").
std::string post(std::string_view path, std::string_view body, std::string_view fields = {});
std::string get(std::string_view target, std::string_view fields = {});

}  // namespace tecnochat::http
