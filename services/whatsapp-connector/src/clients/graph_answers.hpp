#pragma once

#include <string_view>

#include "domain/graph_answer.hpp"

namespace tecnochat::whatsapp_connector {

/// Judges a fully read HTTP answer: a 2xx, 3xx or 4xx is definite, with or without Meta's JSON in
/// `body`; a 5xx never is.
GraphAnswer judge_http_answer(int status, std::string_view body);

/// How long the header fields of a refusal ask to wait, at most a day: Retry-After (seconds, or an
/// HTTP date) and X-Business-Use-Case-Usage (estimated_time_to_regain_access, minutes), whichever
/// is longer; 0 where they say nothing that can be read.
Milliseconds asked_pause(std::string_view retry_after, std::string_view usage, Timestamp now);

}  // namespace tecnochat::whatsapp_connector
