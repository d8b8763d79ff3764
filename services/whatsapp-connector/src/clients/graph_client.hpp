#pragma once

#include <memory>
#include <string>

#include "clients/deadline_watch.hpp"
#include "ports.hpp"
#include "tecnochat/core/failpoint.hpp"

namespace httplib {
class Client;
}

namespace tecnochat::whatsapp_connector {

/// Graph API over cpp-httplib. Every send uses a connection of its own: on a kept-alive one that
/// the server has just closed, "never sent" and "sent, answer lost" look the same, and the protocol
/// must tell them apart.
class GraphClient final : public GraphApi {
 public:
    struct Config {
        std::string url = "https://graph.facebook.com";  // no version
        std::string version = "v23.0";
        Milliseconds connect_timeout{3000};
        /// For the whole answer; well below the lease of a send on the wire.
        Milliseconds answer_timeout{10'000};
    };

    GraphClient(Config config, TokenSource& tokens);
    ~GraphClient() override;
    GraphAnswer send_text(const ClaimedSend& send, const std::string& opaque) override;
    Status mark_read(const std::string& phone_number_id, const std::string& message_id, bool typing)
        override;

 private:
    struct Idle;
    [[nodiscard]] std::unique_ptr<httplib::Client> make_client(bool keep_alive) const;
    /// `written` is hit when all of the request is with the kernel and nothing of the answer read.
    GraphAnswer post(
        httplib::Client& client,
        const std::string& phone_number_id,
        const std::string& body,
        Failpoint* written = nullptr
    );

    Config config_;
    std::string path_prefix_;  // of a base URL that carries a path
    TokenSource& tokens_;
    DeadlineWatch watch_;
    std::unique_ptr<Idle> idle_;
};

}  // namespace tecnochat::whatsapp_connector
