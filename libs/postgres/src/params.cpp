#include <fmt/format.h>

#include <algorithm>

#include "hex.hpp"
#include "tecnochat/postgres/pool.hpp"

namespace tecnochat::postgres {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";  // U+FFFD

void append_without_nul(std::string& out, char c) {
    if (c == '\0') {
        out += kReplacement;
    } else {
        out += c;
    }
}

std::string without_nul(std::string_view text) {
    if (text.find('\0') == std::string_view::npos) return std::string(text);
    std::string out;
    for (const char c : text) append_without_nul(out, c);
    return out;
}

void append_quoted(std::string& out, std::string_view element) {
    out += '"';
    for (const char c : element) {
        if (c == '"' || c == '\\') out += '\\';
        append_without_nul(out, c);
    }
    out += '"';
}

/// "{a,b,…}" of what `append_element(out, element)` writes.
template <class Elements, class Append>
std::string array_literal(const Elements& elements, Append append_element) {
    std::string out = "{";
    for (const auto& element : elements) {
        if (out.size() > 1) out += ',';
        append_element(out, element);
    }
    out += '}';
    return out;
}

/// The same for optional elements: absent ones become NULL.
template <class Elements, class Append>
std::string optional_array_literal(const Elements& elements, Append append_element) {
    return array_literal(elements, [&](std::string& out, const auto& element) {
        if (element) {
            append_element(out, *element);
        } else {
            out += "NULL";
        }
    });
}

void append_uuid(std::string& out, const Uuid& uuid) {
    out += uuid.to_string();
}

void append_time(std::string& out, Timestamp time) {
    append_quoted(out, format_rfc3339(time));
}

}  // namespace

Params& Params::add(std::string_view text) {
    values_.emplace_back(without_nul(text));
    return *this;
}

Params& Params::add(std::int64_t number) {
    values_.emplace_back(fmt::format("{}", number));
    return *this;
}

Params& Params::add(bool flag) {
    values_.emplace_back(flag ? "t" : "f");
    return *this;
}

Params& Params::add(double number) {
    values_.emplace_back(fmt::format("{}", number));
    return *this;
}

Params& Params::add(const Uuid& uuid) {
    values_.emplace_back(uuid.to_string());
    return *this;
}

Params& Params::add(Timestamp time) {
    values_.emplace_back(format_rfc3339(time));
    return *this;
}

Params& Params::add_bytes(std::string_view bytes) {
    std::string text;
    text.reserve(2 + bytes.size() * 2);
    append_bytea_hex(text, bytes);
    values_.emplace_back(std::move(text));
    return *this;
}

Params& Params::add_null() {
    values_.emplace_back(std::nullopt);
    return *this;
}

Params& Params::add_array(std::span<const std::string> texts) {
    values_.emplace_back(array_literal(texts, append_quoted));
    return *this;
}

Params& Params::add_array(std::span<const std::optional<std::string>> texts) {
    values_.emplace_back(optional_array_literal(texts, append_quoted));
    return *this;
}

Params& Params::add_array(std::span<const std::int64_t> numbers) {
    values_.emplace_back(array_literal(numbers, [](std::string& out, std::int64_t number) {
        fmt::format_to(std::back_inserter(out), "{}", number);
    }));
    return *this;
}

Params& Params::add_array(std::span<const Uuid> uuids) {
    values_.emplace_back(array_literal(uuids, append_uuid));
    return *this;
}

Params& Params::add_array(std::span<const std::optional<Uuid>> uuids) {
    values_.emplace_back(optional_array_literal(uuids, append_uuid));
    return *this;
}

Params& Params::add_array(std::span<const Timestamp> times) {
    values_.emplace_back(array_literal(times, append_time));
    return *this;
}

Params& Params::add_array(std::span<const std::optional<Timestamp>> times) {
    values_.emplace_back(optional_array_literal(times, append_time));
    return *this;
}

Params& Params::add_bytes_array(std::span<const std::string> values) {
    values_.emplace_back(array_literal(values, [](std::string& out, const std::string& value) {
        out += "\"\\";  // the literal's own backslash has to be escaped inside an array
        append_bytea_hex(out, value);
        out += '"';
    }));
    return *this;
}

Params& Params::add_array(const std::vector<bool>& flags) {
    values_.emplace_back(array_literal(flags, [](std::string& out, bool flag) {
        out += flag ? 't' : 'f';
    }));
    return *this;
}

}  // namespace tecnochat::postgres
