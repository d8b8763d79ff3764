#pragma once

#include <string_view>

#include "domain/graph_answer.hpp"

namespace tecnochat::whatsapp_connector {

/// Judges a fully read HTTP answer. `body` is Meta's JSON.
GraphAnswer judge_http_answer(int status, std::string_view body);

}  // namespace tecnochat::whatsapp_connector
