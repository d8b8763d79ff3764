#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "domain/graph_error.hpp"

namespace tecnochat::meta_simulator {

/// The body of POST /{version}/{phone-number-id}/messages, read but not judged: what is absent is
/// nullopt.
struct SendRequest {
    std::optional<std::string> messaging_product;
    std::optional<std::string> recipient_type;
    std::optional<std::string> to;
    std::optional<std::string> recipient;
    std::optional<std::string> type;
    std::optional<std::string> text_body;
    std::optional<std::string> opaque;
    std::optional<std::string> context_message_id;
    /// Read receipt and typing indicator share the endpoint.
    std::optional<std::string> status;
    std::optional<std::string> message_id;
    bool typing = false;

    [[nodiscard]] bool is_read_receipt() const { return status.has_value(); }
};

inline constexpr std::size_t kTextLengthMax = 4096;
inline constexpr std::size_t kOpaqueLengthMax = 512;

/// Length in characters (code points), as Meta counts; malformed bytes count one each.
std::size_t utf8_length(std::string_view text);

/// The rules that need nothing but the request itself (whatsapp fact sheet §5). nullopt = fine.
std::optional<GraphError> check_send_request(const SendRequest& request);

/// A field that is known to be there, by check_send_request() for most of them.
const std::string& given(const std::optional<std::string>& field);

}  // namespace tecnochat::meta_simulator
