#pragma once

#include <functional>
#include <string>

#include "ports.hpp"
#include "tecnochat/http_client/client.hpp"

namespace tecnochat::whatsapp_connector {

/// Graph API over libs/http_client, which sends a request once at most and tells "nothing left"
/// from "in doubt".
class GraphClient final : public GraphApi {
 public:
    struct Config {
        std::string url = "https://graph.facebook.com";  // no version
        std::string version = "v23.0";
        /// For name lookup, connection and TLS handshake together.
        Milliseconds connect_timeout{3000};
        /// What the whole call may take on top of it; well below the lease of a send on the wire.
        Milliseconds answer_timeout{10'000};
        std::string ca_file{};  // empty: the system's CAs
    };

    /// Throws std::invalid_argument when `url` is no address. Tokens and resolver outlive it.
    GraphClient(
        Config config,
        TokenSource& tokens,
        http_client::Resolver& resolver,
        telemetry::Metrics& metrics
    );
    GraphAnswer send_text(const ClaimedSend& send, const std::string& opaque) override;
    Status mark_read(const std::string& phone_number_id, const std::string& message_id, bool typing)
        override;

 private:
    /// A POST to the number's messages, as far as it can be made; else why nothing was sent.
    std::variant<http_client::Request, NothingSent> request(
        const std::string& phone_number_id, std::string body
    );
    http_client::Outcome call(const http_client::Request& request);

    Config config_;
    http_client::Url base_;  // with the version
    TokenSource& tokens_;
    http_client::Client client_;
};

}  // namespace tecnochat::whatsapp_connector
