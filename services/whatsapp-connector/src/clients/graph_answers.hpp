#pragma once

#include <string_view>

#include "domain/graph_answer.hpp"

namespace tecnochat::whatsapp_connector {

/// Judges a fully read HTTP answer: a 2xx, 3xx or 4xx is definite, with or without Meta's JSON in
/// `body`; a 5xx never is.
GraphAnswer judge_http_answer(int status, std::string_view body);

}  // namespace tecnochat::whatsapp_connector
