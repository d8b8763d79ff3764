#pragma once

#include <memory>
#include <string>

#include "tecnochat/core/result.hpp"
#include "webhooks/dispatcher.hpp"

namespace tecnochat::meta_simulator {

/// `http://host:port/path` split where an HTTP client wants it.
struct WebhookUrl {
    std::string host;
    int port = 80;
    std::string path;
};

/// Plain HTTP only: the simulator talks to loopback.
Result<WebhookUrl> parse_webhook_url(const std::string& url);

/// Posts over one kept-alive connection, giving up after ten seconds without an answer.
std::unique_ptr<WebhookPoster> make_http_poster(const WebhookUrl& url);

/// Asks the receiver to prove itself, as Meta does when a callback URL is set: GET with a challenge
/// that must come back as the body of a 200. UNAVAILABLE without an answer, FAILED_PRECONDITION
/// with a wrong one.
Status verify_webhook(
    const WebhookUrl& url, const std::string& verify_token, const std::string& challenge
);

}  // namespace tecnochat::meta_simulator
