#include "clients/graph_client.hpp"

#include <httplib.h>

#include <charconv>
#include <nlohmann/json.hpp>
#include <optional>
#include <vector>

#include "tecnochat/core/failpoint.hpp"
#include "tecnochat/core/guarded.hpp"

namespace tecnochat::whatsapp_connector {
namespace {

using nlohmann::json;

// The kernel has the last byte of a send's POST, and nothing of the answer has been read: Meta
// takes the message, and whoever dies here never learns of it.
Failpoint before_response{"whatsapp-connector.response.before"};

/// Meta's answers are a few hundred bytes; more is not an answer.
constexpr std::size_t kMaxAnswer = 64 * 1024;
constexpr std::size_t kMaxIdle = 4;
constexpr const char* kCut = "cut_or_timeout";

/// Whether this failure certainly came before the first request byte.
bool nothing_left(httplib::Error error) {
    switch (error) {
        case httplib::Error::Connection:
        case httplib::Error::BindIPAddress:
        case httplib::Error::SSLConnection:
        case httplib::Error::SSLLoadingCerts:
        case httplib::Error::SSLServerVerification:
        case httplib::Error::ConnectionTimeout:
            return true;
        default:
            return false;
    }
}

json text_message(const ClaimedSend& send, const std::string& opaque) {
    json message{
        {"messaging_product", "whatsapp"},
        {"recipient_type", "individual"},
        {"type", "text"},
        {"text", {{"body", send.body}}},
        {"biz_opaque_callback_data", opaque},
    };
    // With the plus sign, or Meta may put the business's country code in front.
    if (!send.recipient.phone.empty())
        message["to"] = "+" + send.recipient.phone;
    else
        message["recipient"] = send.recipient.user_id;
    return message;
}

/// The body through a provider instead of as a string, which is the one place between the last byte
/// of a request and the first of its answer: `written` is hit there. The library's own calls with a
/// provider take no receiver for the answer, so the request's fields are set as they would.
void set_body(httplib::Request& request, const std::string& body, Failpoint* written) {
    request.content_length_ = body.size();
    request.content_provider_ =
        [&body, written](std::size_t offset, std::size_t, httplib::DataSink& sink) {
            if (!sink.write(body.data() + offset, body.size() - offset)) return false;
            if (written != nullptr) written->hit();
            return true;
        };
}

/// Host and port of a plain http address; the library's own parsing of a URL costs more than the
/// rest of a client. nullopt leaves it to the library, which also tells what is no URL.
struct PlainAddress {
    std::string host;
    int port = 80;
};

std::optional<PlainAddress> plain_address(std::string_view url) {
    constexpr std::string_view kScheme = "http://";
    if (!url.starts_with(kScheme) || url.find('[') != url.npos) return std::nullopt;
    url.remove_prefix(kScheme.size());
    const auto colon = url.find(':');
    PlainAddress address{.host = std::string(url.substr(0, colon))};
    if (colon == url.npos) return address;
    const auto digits = url.substr(colon + 1);
    const auto* const end = digits.data() + digits.size();
    const auto read = std::from_chars(digits.data(), end, address.port);
    if (read.ec != std::errc{} || read.ptr != end) return std::nullopt;
    return address;
}

}  // namespace

/// Kept-alive connections for read receipts, which may be repeated: at most one per receipt worker.
struct GraphClient::Idle {
    Guarded<std::vector<std::unique_ptr<httplib::Client>>> clients;
};

GraphClient::GraphClient(Config config, TokenSource& tokens)
    : config_(std::move(config)), tokens_(tokens), idle_(std::make_unique<Idle>()) {
    while (config_.url.ends_with('/')) config_.url.pop_back();
    const auto slash = config_.url.find('/', config_.url.find("://") + 3);
    if (slash != std::string::npos) {
        path_prefix_ = config_.url.substr(slash);
        config_.url.resize(slash);
    }
}

GraphClient::~GraphClient() = default;

std::unique_ptr<httplib::Client> GraphClient::make_client(bool keep_alive) const {
    const auto plain = plain_address(config_.url);
    auto client = plain ? std::make_unique<httplib::Client>(plain->host, plain->port)
                        : std::make_unique<httplib::Client>(config_.url);
    client->set_tcp_nodelay(true);
    client->set_keep_alive(keep_alive);
    client->set_connection_timeout(config_.connect_timeout);
    client->set_write_timeout(config_.answer_timeout);
    client->set_read_timeout(config_.answer_timeout);
    return client;
}

GraphAnswer GraphClient::send_text(const ClaimedSend& send, const std::string& opaque) {
    const auto client = make_client(false);
    return post(
        *client,
        send.phone_number_id,
        text_message(send, opaque).dump(-1, ' ', false, json::error_handler_t::replace),
        &before_response
    );
}

Status GraphClient::mark_read(
    const std::string& phone_number_id, const std::string& message_id, bool typing
) {
    json message{{"messaging_product", "whatsapp"}, {"status", "read"}, {"message_id", message_id}};
    if (typing) message["typing_indicator"] = {{"type", "text"}};
    auto client = idle_->clients.with([](auto& clients) -> std::unique_ptr<httplib::Client> {
        if (clients.empty()) return nullptr;
        auto last = std::move(clients.back());
        clients.pop_back();
        return last;
    });
    const bool kept = client != nullptr;
    if (!kept) client = make_client(true);
    auto answer = post(*client, phone_number_id, message.dump());
    // The server may have closed a kept connection meanwhile; a receipt may be sent again.
    if (const auto* doubtful = std::get_if<Doubtful>(&answer);
        kept && doubtful != nullptr && doubtful->why == kCut) {
        client = make_client(true);
        answer = post(*client, phone_number_id, message.dump());
    }
    // A receipt's 200 carries no message id, which the send protocol calls doubtful.
    const auto* doubtful = std::get_if<Doubtful>(&answer);
    const bool taken = doubtful != nullptr && doubtful->why == "no_message_id";
    if (!taken) return make_error(ErrorCode::kUnavailable, "the read receipt was not taken");
    idle_->clients.with([&](auto& clients) {
        if (clients.size() < kMaxIdle) clients.push_back(std::move(client));
    });
    return ok();
}

GraphAnswer GraphClient::post(
    httplib::Client& client,
    const std::string& phone_number_id,
    const std::string& body,
    Failpoint* written
) {
    const auto token = tokens_.token(phone_number_id);
    if (!token) return NothingSent{"token"};
    const auto deadline = Deadline::after(config_.connect_timeout + config_.answer_timeout);

    std::string answer;
    httplib::Request request;
    request.method = "POST";
    request.path = path_prefix_ + "/" + config_.version + "/" + phone_number_id + "/messages";
    request.set_header("Authorization", ("Bearer " + token->reveal()).c_str());
    request.set_header("Content-Type", "application/json");
    set_body(request, body, written);
    // The whole answer has a limit, in bytes and in time.
    request.content_receiver = [&](const char* data, std::size_t size, std::uint64_t, std::uint64_t
                               ) {
        answer.append(data, size);
        return answer.size() <= kMaxAnswer && !deadline.expired();
    };
    const DeadlineWatch::Watched watched(watch_, deadline, [&client] { client.stop(); });
    const auto result = client.send(request);
    if (result) return judge_http_answer(result->status, answer);
    if (nothing_left(result.error())) return NothingSent{"connect"};
    return Doubtful{kCut};
}

}  // namespace tecnochat::whatsapp_connector
