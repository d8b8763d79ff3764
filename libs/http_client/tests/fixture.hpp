#pragma once

#include <string>
#include <utility>
#include <vector>

#include "tecnochat/http_client/client.hpp"
#include "tecnochat/http_client/testing/raw_server.hpp"

namespace tecnochat::http_client::testing {

inline std::string http(const std::string& status, const std::string& body) {
    return "HTTP/1.1 " + status + "\r\nContent-Length: " + std::to_string(body.size()) +
           "\r\n\r\n" + body;
}

/// A client that may call `servers`, and the addresses of its requests.
struct Calls {
    explicit Calls(std::vector<std::string> servers, ClientConfig other = {})
        : client(with(std::move(other), std::move(servers)), resolver, metrics) {}

    static ClientConfig with(ClientConfig config, std::vector<std::string> servers) {
        config.name = "test";
        config.servers = std::move(servers);
        return config;
    }
    static Request post(const std::string& server, std::string body = "hola") {
        return {
            .url = Url::parse(server).value().join({"v1", "messages"}).value(),
            .headers = {{"Content-Type", "text/plain"}},
            .body = std::move(body)
        };
    }
    Outcome call(const Request& request, Milliseconds budget = Milliseconds(5000)) {
        return client.call(request, Deadline::after(budget));
    }

    telemetry::Metrics metrics;
    CachingResolver resolver;
    Client client;
};

/// The status of an answer, 0 for what is none.
inline int status_of(const Outcome& outcome) {
    const auto* answer = std::get_if<Answer>(&outcome);
    return answer != nullptr ? answer->status : 0;
}
inline bool is_nothing_sent(const Outcome& outcome, NothingSent::Why why) {
    const auto* nothing = std::get_if<NothingSent>(&outcome);
    return nothing != nullptr && nothing->why == why;
}
inline bool is_doubtful(const Outcome& outcome, Doubtful::Why why) {
    const auto* doubtful = std::get_if<Doubtful>(&outcome);
    return doubtful != nullptr && doubtful->why == why;
}

}  // namespace tecnochat::http_client::testing
