#include "clients/graph_client.hpp"

#include <httplib.h>

#include <condition_variable>
#include <mutex>
#include <nlohmann/json.hpp>
#include <thread>

namespace tecnochat::whatsapp_connector {
namespace {

using nlohmann::json;

/// Meta's answers are a few hundred bytes; more is not an answer.
constexpr std::size_t kMaxAnswer = 64 * 1024;

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

/// Cuts the connection of a call that is still running at its deadline: the library's own time-outs
/// start anew with every byte. A thread per call costs little next to the connection of its own.
class DeadlineGuard {
 public:
    DeadlineGuard(httplib::Client& client, Deadline deadline)
        : thread_([this, &client, deadline](const std::stop_token& done) {
              std::unique_lock lock(mutex_);
              ended_.wait_until(lock, done, deadline.time_point(), [] { return false; });
              if (!done.stop_requested()) client.stop();
          }) {}

 private:
    std::mutex mutex_;
    std::condition_variable_any ended_;
    std::jthread thread_;  // last: it uses the others
};

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

}  // namespace

GraphClient::GraphClient(Config config, TokenSource& tokens)
    : config_(std::move(config)), tokens_(tokens) {
    while (config_.url.ends_with('/')) config_.url.pop_back();
    const auto slash = config_.url.find('/', config_.url.find("://") + 3);
    if (slash != std::string::npos) {
        path_prefix_ = config_.url.substr(slash);
        config_.url.resize(slash);
    }
}

GraphAnswer GraphClient::send_text(const ClaimedSend& send, const std::string& opaque) {
    return post(
        send.phone_number_id,
        text_message(send, opaque).dump(-1, ' ', false, json::error_handler_t::replace)
    );
}

Status GraphClient::mark_read(
    const std::string& phone_number_id, const std::string& message_id, bool typing
) {
    json message{{"messaging_product", "whatsapp"}, {"status", "read"}, {"message_id", message_id}};
    if (typing) message["typing_indicator"] = {{"type", "text"}};
    const auto answer = post(phone_number_id, message.dump());
    // A receipt's 200 carries no message id, which the send protocol calls doubtful: read means any
    // answer but a refusal.
    if (const auto* doubtful = std::get_if<Doubtful>(&answer);
        doubtful != nullptr && doubtful->why == "no_message_id")
        return ok();
    return make_error(ErrorCode::kUnavailable, "the read receipt was not taken");
}

GraphAnswer GraphClient::post(const std::string& phone_number_id, const std::string& body) {
    const auto token = tokens_.token(phone_number_id);
    if (!token) return NothingSent{"token"};
    httplib::Client client(config_.url);
    client.set_tcp_nodelay(true);
    client.set_keep_alive(false);
    client.set_connection_timeout(config_.connect_timeout);
    client.set_write_timeout(config_.answer_timeout);
    client.set_read_timeout(config_.answer_timeout);
    const auto deadline = Deadline::after(config_.connect_timeout + config_.answer_timeout);

    std::string answer;
    httplib::Request request;
    request.method = "POST";
    request.path = path_prefix_ + "/" + config_.version + "/" + phone_number_id + "/messages";
    request.set_header("Authorization", ("Bearer " + token->reveal()).c_str());
    request.set_header("Content-Type", "application/json");
    request.body = body;
    // The whole answer has a limit, in bytes and in time.
    request.content_receiver = [&](const char* data, std::size_t size, std::uint64_t, std::uint64_t
                               ) {
        answer.append(data, size);
        return answer.size() <= kMaxAnswer && !deadline.expired();
    };
    const DeadlineGuard guard(client, deadline);
    const auto result = client.send(request);
    if (result) return judge_http_answer(result->status, answer);
    if (nothing_left(result.error())) return NothingSent{"connect"};
    return Doubtful{"cut_or_timeout"};
}

}  // namespace tecnochat::whatsapp_connector
