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

}  // namespace tecnochat::meta_simulator
