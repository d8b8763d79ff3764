#include "clients/graph_answers.hpp"

#include <algorithm>
#include <charconv>
#include <ctime>
#include <limits>
#include <nlohmann/json.hpp>

namespace tecnochat::whatsapp_connector {
namespace {

using nlohmann::json;

/// Without a message id nobody can tell whether a 2xx of Meta's means a message that is out: a
/// proxy may have lost the body of a real acceptance. So it stays in doubt, which the echo of our
/// send id settles; taken for a refusal it could be posted twice, taken for accepted be lost in
/// silence.
GraphAnswer judge_success(const json& answer) {
    if (!answer.is_object()) return Doubtful{"unreadable"};
    const auto messages = answer.find("messages");
    if (messages == answer.end() || !messages->is_array() || messages->empty())
        return Doubtful{"no_message_id"};
    const auto& first = messages->front();
    if (!first.is_object() || !first.contains("id") || !first["id"].is_string())
        return Doubtful{"no_message_id"};
    auto id = first["id"].get<std::string>();
    if (id.empty()) return Doubtful{"no_message_id"};
    return Accepted{std::move(id)};
}

std::optional<int> number_in(const json& object, const char* name) {
    const auto found = object.find(name);
    if (found == object.end() || !found->is_number_integer()) return std::nullopt;
    // Past the range of an int it is none of Meta's codes.
    if (*found > std::numeric_limits<int>::max() || *found < std::numeric_limits<int>::min())
        return std::nullopt;
    return found->get<int>();
}

GraphAnswer judge_refusal(int status, const json& answer) {
    Refused refused{.http_status = status};
    const auto error = answer.is_object() ? answer.find("error") : answer.end();
    if (error == answer.end() || !error->is_object()) return refused;
    refused.code = number_in(*error, "code");
    refused.subcode = number_in(*error, "error_subcode").value_or(0);
    if (refused.code && is_unsure(*refused.code)) return Doubtful{"unsure_code"};
    return refused;
}

constexpr std::chrono::seconds kLongest = std::chrono::days(1);

std::int64_t seconds_of(std::string_view retry_after, Timestamp now) {
    std::int64_t seconds = 0;
    const auto* end = retry_after.data() + retry_after.size();
    const auto [rest, error] = std::from_chars(retry_after.data(), end, seconds);
    if (rest == end && error == std::errc()) return seconds;
    std::tm date{};
    const std::string text(retry_after);
    const char* read = strptime(text.c_str(), "%a, %d %b %Y %H:%M:%S GMT", &date);
    if (read == nullptr || *read != '\0') return 0;
    return timegm(&date) - to_unix_ms(now) / 1000;
}

std::int64_t minutes_of(std::string_view usage) {
    const json accounts = json::parse(usage, nullptr, false);
    std::int64_t longest = 0;
    if (!accounts.is_object()) return longest;
    for (const auto& uses : accounts) {
        if (!uses.is_array()) continue;
        for (const auto& use : uses) {
            if (!use.is_object()) continue;
            const auto minutes = number_in(use, "estimated_time_to_regain_access");
            longest = std::max<std::int64_t>(longest, minutes.value_or(0));
        }
    }
    return longest;
}

}  // namespace

Milliseconds asked_pause(std::string_view retry_after, std::string_view usage, Timestamp now) {
    const auto seconds = std::max(seconds_of(retry_after, now), 60 * minutes_of(usage));
    return std::chrono::seconds(std::clamp<std::int64_t>(seconds, 0, kLongest.count()));
}

GraphAnswer judge_http_answer(int status, std::string_view body) {
    if (status >= 500) return Doubtful{"5xx"};
    if (status < 200) return Doubtful{"unexpected_status"};
    const json answer = json::parse(body, nullptr, false);
    return status < 300 ? judge_success(answer) : judge_refusal(status, answer);
}

}  // namespace tecnochat::whatsapp_connector
