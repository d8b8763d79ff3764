#include "clients/graph_client.hpp"

#include <nlohmann/json.hpp>
#include <stdexcept>
#include <utility>

#include "clients/graph_answers.hpp"
#include "tecnochat/core/failpoint.hpp"

namespace tecnochat::whatsapp_connector {
namespace {

using nlohmann::json;

// The kernel has the last byte of a send's POST, and nothing of the answer has been read: Meta
// takes the message, and whoever dies here never learns of it.
Failpoint before_response{"whatsapp-connector.response.before"};

/// Meta's answers are a few hundred bytes; more is not an answer.
constexpr std::size_t kMaxAnswer = 64 * 1024;

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

http_client::Url versioned(const GraphClient::Config& config) {
    auto url = http_client::Url::parse(config.url);
    auto joined = url ? url->join({config.version}) : std::move(url);
    if (!joined) throw std::invalid_argument("the Graph API's " + joined.error().message);
    return *std::move(joined);
}

http_client::ClientConfig client_config(const GraphClient::Config& config) {
    return {
        .name = "graph",
        .servers = {config.url},
        .ca_file = config.ca_file,
        .connect_timeout = config.connect_timeout,
        .answer_bytes = kMaxAnswer,
    };
}

GraphAnswer judge(const http_client::Outcome& outcome) {
    if (const auto* answer = std::get_if<http_client::Answer>(&outcome)) {
        auto judged = judge_http_answer(answer->status, answer->body);
        if (auto* refused = std::get_if<Refused>(&judged)) {
            refused->pause = asked_pause(
                answer->header("Retry-After"),
                answer->header("X-Business-Use-Case-Usage"),
                SystemClock().now()
            );
        }
        return judged;
    }
    if (const auto* nothing = std::get_if<http_client::NothingSent>(&outcome))
        return NothingSent{std::string(to_string(nothing->why))};
    return Doubtful{std::string(to_string(std::get<http_client::Doubtful>(outcome).why))};
}

/// Whether the connection ended under the call, as a kept one does that Meta has just closed.
bool is_cut(const http_client::Outcome& outcome) {
    if (const auto* doubtful = std::get_if<http_client::Doubtful>(&outcome))
        return doubtful->why == http_client::Doubtful::Why::kCut;
    const auto* nothing = std::get_if<http_client::NothingSent>(&outcome);
    return nothing != nullptr && nothing->why == http_client::NothingSent::Why::kConnection;
}

}  // namespace

GraphClient::GraphClient(
    Config config, TokenSource& tokens, http_client::Resolver& resolver, telemetry::Metrics& metrics
)
    : config_(std::move(config)),
      base_(versioned(config_)),
      tokens_(tokens),
      client_(client_config(config_), resolver, metrics) {}

GraphAnswer GraphClient::send_text(const ClaimedSend& send, const std::string& opaque) {
    auto made = request(
        send.phone_number_id,
        text_message(send, opaque).dump(-1, ' ', false, json::error_handler_t::replace)
    );
    if (const auto* nothing = std::get_if<NothingSent>(&made)) return *nothing;
    auto& post = std::get<http_client::Request>(made);
    post.written = [] { before_response.hit(); };
    return judge(call(post));
}

Status GraphClient::mark_read(
    const std::string& phone_number_id, const std::string& message_id, bool typing
) {
    json message{{"messaging_product", "whatsapp"}, {"status", "read"}, {"message_id", message_id}};
    if (typing) message["typing_indicator"] = {{"type", "text"}};
    const auto made = request(phone_number_id, message.dump());
    if (const auto* post = std::get_if<http_client::Request>(&made)) {
        auto outcome = call(*post);
        // A receipt may be sent again.
        if (is_cut(outcome)) outcome = call(*post);
        // Its 200 carries no message id, which the send protocol calls doubtful.
        const auto answer = judge(outcome);
        const auto* doubtful = std::get_if<Doubtful>(&answer);
        if (doubtful != nullptr && doubtful->why == "no_message_id") return ok();
    }
    return make_error(ErrorCode::kUnavailable, "the read receipt was not taken");
}

std::variant<http_client::Request, NothingSent> GraphClient::request(
    const std::string& phone_number_id, std::string body
) {
    const auto token = tokens_.token(phone_number_id);
    if (!token) return NothingSent{"token"};
    auto url = base_.join({phone_number_id, "messages"});
    if (!url) return NothingSent{"address"};
    return http_client::Request{
        .url = *std::move(url),
        .headers =
            {{"Authorization", "Bearer " + token->reveal()}, {"Content-Type", "application/json"}},
        .body = std::move(body),
    };
}

http_client::Outcome GraphClient::call(const http_client::Request& request) {
    return client_.call(request, Deadline::after(config_.connect_timeout + config_.answer_timeout));
}

}  // namespace tecnochat::whatsapp_connector
