#include "tecnochat/postgres/params.hpp"

#include <fmt/format.h>

#include <array>
#include <charconv>

#include "hex.hpp"

namespace tecnochat::postgres {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";  // U+FFFD

void append_without_nul(std::string& out, std::string_view text) {
    for (auto nul = text.find('\0'); nul != text.npos; nul = text.find('\0')) {
        out += text.substr(0, nul);
        out += kReplacement;
        text.remove_prefix(nul + 1);
    }
    out += text;
}

template <class Number>
void append_number(std::string& out, Number number) {
    std::array<char, 32> text{};
    const auto written = std::to_chars(text.begin(), text.end(), number);
    out.append(text.begin(), written.ptr);
}

void append_uuid(std::string& out, const Uuid& uuid) {
    static constexpr std::string_view kDigits = "0123456789abcdef";
    std::array<char, 36> text{};
    auto* next = text.begin();
    for (std::size_t i = 0; i < uuid.bytes().size(); ++i) {
        if (i == 4 || i == 6 || i == 8 || i == 10) *next++ = '-';
        *next++ = kDigits[uuid.bytes()[i] >> 4U];
        *next++ = kDigits[uuid.bytes()[i] & 0x0FU];
    }
    out.append(text.begin(), text.size());
}

}  // namespace

namespace detail {

void append_element(std::string& out, std::string_view text) {
    using namespace std::string_view_literals;
    constexpr auto kSpecial = "\"\\\0"sv;
    out += '"';
    for (auto at = text.find_first_of(kSpecial); at != text.npos;
         at = text.find_first_of(kSpecial)) {
        out += text.substr(0, at);
        if (text[at] == '\0') {
            out += kReplacement;
        } else {
            out += '\\';
            out += text[at];
        }
        text.remove_prefix(at + 1);
    }
    out += text;
    out += '"';
}

void append_element(std::string& out, std::int64_t number) {
    append_number(out, number);
}

void append_element(std::string& out, double number) {
    append_number(out, number);
}

void append_element(std::string& out, bool flag) {
    out += flag ? 't' : 'f';
}

void append_element(std::string& out, const Uuid& uuid) {
    append_uuid(out, uuid);
}

void append_element(std::string& out, Timestamp time) {
    out += format_rfc3339(time);  // nothing in it that an array literal would take amiss
}

void append_element(std::string& out, Bytes bytes) {
    out += "\"\\";  // the hex form's own backslash has to be escaped inside an array
    append_bytea_hex(out, bytes.value);
    out += '"';
}

}  // namespace detail

Params& Params::add(std::string_view text) {
    open();
    append_without_nul(text_, text);
    return close();
}

Params& Params::add(std::int64_t number) {
    open();
    append_number(text_, number);
    return close();
}

Params& Params::add(bool flag) {
    open();
    text_ += flag ? 't' : 'f';
    return close();
}

Params& Params::add(double number) {
    open();
    append_number(text_, number);
    return close();
}

Params& Params::add(const Uuid& uuid) {
    open();
    append_uuid(text_, uuid);
    return close();
}

Params& Params::add(Timestamp time) {
    open();
    text_ += format_rfc3339(time);
    return close();
}

Params& Params::add(Bytes bytes) {
    open();
    append_bytea_hex(text_, bytes.value);
    return close();
}

void Params::point_to(std::vector<const char*>& values) const {
    values.clear();
    for (const auto start : starts_) {
        values.push_back(start == kNull ? nullptr : text_.data() + start);
    }
}

Params& Params::add_null() {
    starts_.push_back(kNull);
    return *this;
}

}  // namespace tecnochat::postgres
