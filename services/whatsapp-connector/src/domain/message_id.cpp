#include "domain/message_id.hpp"

#include <algorithm>

#include "tecnochat/core/uuid.hpp"

namespace tecnochat::whatsapp_connector {
namespace {

bool is_control(char c) {
    return static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
}

bool continues_character(char c) {
    return (static_cast<unsigned char>(c) & 0xc0) == 0x80;  // UTF-8
}

}  // namespace

std::string kept_message_id(std::string_view id) {
    const auto control = std::find_if(id.begin(), id.end(), is_control);
    if (id.size() <= kMessageIdBytes && control == id.end()) return std::string(id);
    const auto mark = "~" + Uuid::v5(kTecnochatNamespace, id).to_string();
    auto kept =
        std::min(static_cast<std::size_t>(control - id.begin()), kMessageIdBytes - mark.size());
    while (kept > 0 && kept < id.size() && continues_character(id[kept])) --kept;
    return std::string(id.substr(0, kept)) + mark;
}

}  // namespace tecnochat::whatsapp_connector
