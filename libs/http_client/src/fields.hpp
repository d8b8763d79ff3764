#pragma once

#include <optional>
#include <string_view>

namespace tecnochat::http_client {

bool equal_names(std::string_view a, std::string_view b) noexcept;
/// The value of the first field of that name in `head`, a line for each field.
std::optional<std::string_view> field_of(std::string_view head, std::string_view name) noexcept;
/// Whether a header field may be sent so: a name of HTTP's token characters that is not the
/// client's own business (Host, Content-Length, …), a value without control characters.
bool is_field(std::string_view name, std::string_view value) noexcept;

}  // namespace tecnochat::http_client
