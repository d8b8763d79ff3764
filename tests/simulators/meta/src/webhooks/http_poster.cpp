#include "webhooks/http_poster.hpp"

#include <httplib.h>

#include <charconv>

namespace tecnochat::meta_simulator {
namespace {

// Meta's own limit is undocumented; third parties report five to ten seconds.
constexpr std::chrono::seconds kAnswerTimeout{10};
constexpr std::chrono::seconds kConnectTimeout{2};

class HttpPoster final : public WebhookPoster {
 public:
    explicit HttpPoster(const WebhookUrl& url) : path_(url.path), client_(url.host, url.port) {
        client_.set_keep_alive(true);
        client_.set_tcp_nodelay(true);
        client_.set_connection_timeout(kConnectTimeout);
        client_.set_read_timeout(kAnswerTimeout);
        client_.set_write_timeout(kAnswerTimeout);
    }

    int post(const std::string& body, const std::string& signature) override {
        httplib::Headers headers{{"User-Agent", "facebookexternalua"}};
        if (!signature.empty()) headers.emplace("X-Hub-Signature-256", signature);
        const auto answer = client_.Post(path_, headers, body, "application/json");
        return answer ? answer->status : 0;
    }

    void abort() override { client_.stop(); }

 private:
    std::string path_;
    httplib::Client client_;
};

}  // namespace

Result<WebhookUrl> parse_webhook_url(const std::string& url) {
    constexpr std::string_view kScheme = "http://";
    const auto bad = [&] {
        return make_error(ErrorCode::kInvalidArgument, "not an http://host:port/path: " + url);
    };
    if (!url.starts_with(kScheme)) return bad();
    const std::string rest = url.substr(kScheme.size());
    const std::size_t slash = std::min(rest.find('/'), rest.size());
    const std::string authority = rest.substr(0, slash);
    const std::size_t colon = authority.rfind(':');
    WebhookUrl parsed;
    parsed.host = authority.substr(0, colon);
    parsed.path = slash == rest.size() ? "/" : rest.substr(slash);
    if (colon != std::string::npos) {
        const char* end = authority.data() + authority.size();
        const auto [last, failure] =
            std::from_chars(authority.data() + colon + 1, end, parsed.port);
        if (failure != std::errc{} || last != end) return bad();
    }
    if (parsed.host.empty() || parsed.port < 1 || parsed.port > 65535) return bad();
    return parsed;
}

std::unique_ptr<WebhookPoster> make_http_poster(const WebhookUrl& url) {
    return std::make_unique<HttpPoster>(url);
}

Status verify_webhook(
    const WebhookUrl& url, const std::string& verify_token, const std::string& challenge
) {
    httplib::Client client(url.host, url.port);
    client.set_connection_timeout(kConnectTimeout);
    client.set_read_timeout(kAnswerTimeout);
    const httplib::Params query{
        {"hub.mode", "subscribe"},
        {"hub.challenge", challenge},
        {"hub.verify_token", verify_token},
    };
    const auto answer = client.Get(url.path, query, httplib::Headers{});
    if (!answer) return make_error(ErrorCode::kUnavailable, "the callback URL did not answer");
    if (answer->status != 200 || answer->body != challenge) {
        return make_error(
            ErrorCode::kFailedPrecondition,
            "the callback URL did not return the challenge (HTTP " +
                std::to_string(answer->status) + ")"
        );
    }
    return ok();
}

}  // namespace tecnochat::meta_simulator
