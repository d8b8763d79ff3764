#include "clients/graph_answers.hpp"

#include <nlohmann/json.hpp>

namespace tecnochat::whatsapp_connector {
namespace {

using nlohmann::json;

GraphAnswer judge_success(const json& answer) {
    const auto messages = answer.find("messages");
    if (messages == answer.end() || !messages->is_array() || messages->empty())
        return Doubtful{"no_message_id"};
    const auto& first = messages->front();
    if (!first.is_object() || !first.contains("id") || !first["id"].is_string())
        return Doubtful{"no_message_id"};
    return Accepted{first["id"].get<std::string>()};
}

GraphAnswer judge_refusal(const json& answer) {
    const auto error = answer.find("error");
    if (error == answer.end() || !error->is_object() || !error->contains("code") ||
        !(*error)["code"].is_number_integer()) {
        return Doubtful{"no_error_code"};
    }
    const int code = (*error)["code"].get<int>();
    if (is_unsure(code)) return Doubtful{"unsure_code"};
    const auto subcode = error->find("error_subcode");
    return Refused{
        code,
        subcode != error->end() && subcode->is_number_integer() ? subcode->get<int>() : 0,
    };
}

}  // namespace

GraphAnswer judge_http_answer(int status, std::string_view body) {
    if (status >= 500) return Doubtful{"5xx"};
    const json answer = json::parse(body, nullptr, false);
    if (!answer.is_object()) return Doubtful{"unreadable"};
    if (status == 200) return judge_success(answer);
    if (status >= 400) return judge_refusal(answer);
    return Doubtful{"unexpected_status"};
}

}  // namespace tecnochat::whatsapp_connector
