#pragma once

#include <simdjson.h>

#include <charconv>
#include <deque>
#include <optional>
#include <string>
#include <string_view>

#include "json_string.hpp"
#include "tecnochat/core/clock.hpp"

namespace tecnochat::whatsapp {

namespace ondemand = simdjson::ondemand;

/// Lenient readers over simdjson's on-demand values: what is absent or of another type is empty, as
/// a view without data (a string without characters has some). `broken()` tells whether the JSON's
/// structure itself turned out to be damaged; simdjson's values must not be touched any more then.
class JsonReader {
 public:
    void reset() {
        broken_ = false;
        repaired_.clear();
    }
    /// Another document begins; what was read of others stays valid.
    void mend() { broken_ = false; }
    [[nodiscard]] bool broken() const { return broken_; }

    /// False on any error; a structural one is remembered.
    bool good(simdjson::error_code error) {
        switch (error) {
            case simdjson::SUCCESS:
                return true;
            case simdjson::INCORRECT_TYPE:
            case simdjson::NO_SUCH_FIELD:
            case simdjson::STRING_ERROR:
            case simdjson::NUMBER_ERROR:
                return false;
            default:
                broken_ = true;
                return false;
        }
    }

    std::string_view text(ondemand::value value) {
        if (type_of(value) != ondemand::json_type::string) return {};
        std::string_view token = trimmed(value.raw_json_token());
        std::string_view unescaped;
        const simdjson::error_code error = value.get_string().get(unescaped);
        if (!error) return unescaped;
        if (error != simdjson::STRING_ERROR || token.size() < 2) {
            good(error);
            return {};
        }
        return repaired_.emplace_back(unescape_leniently(token.substr(1, token.size() - 2)));
    }

    /// Ids are strings, but numbers have been seen (facts: ids in webhooks).
    std::string_view text_or_number(ondemand::value value) {
        if (type_of(value) == ondemand::json_type::number) return trimmed(value.raw_json_token());
        return text(value);
    }

    std::optional<Timestamp> unix_seconds(ondemand::value value) {
        const auto seconds = integer(text_or_number(value));
        // Beyond the year 5000 it is no time in seconds, and would overflow as milliseconds later.
        if (!seconds || *seconds < 0 || *seconds > 100'000'000'000) return std::nullopt;
        return from_unix_ms(*seconds * 1000);
    }

    static std::optional<std::int64_t> integer(std::string_view digits) {
        std::int64_t number = 0;
        const char* const begin = digits.data();
        const char* const end = begin + digits.size();
        const auto parsed = std::from_chars(begin, end, number);
        if (digits.empty() || parsed.ec != std::errc{} || parsed.ptr != end) return std::nullopt;
        return number;
    }

    /// The value's own bytes. Consumes it.
    std::string_view slice(ondemand::value value) {
        std::string_view bytes;
        if (broken_ || !good(simdjson::to_json_string(value).get(bytes))) return {};
        return trimmed(bytes);
    }

    /// The object's own bytes, also after its fields were read. Consumes it. A pass over all of it:
    /// ask only where the bytes are wanted.
    std::string_view slice(ondemand::object& object) {
        std::string_view bytes;
        if (broken_ || !good(object.reset().error())) return {};
        if (!good(object.raw_json().get(bytes))) return {};
        return trimmed(bytes);
    }

    /// A whole member's own bytes, `"key":value`, whose value's bytes are known.
    static std::string_view member(ondemand::raw_json_string key, std::string_view value) {
        if (value.empty()) return {};
        const char* const begin = key.raw() - 1;  // its quote
        return {begin, static_cast<std::size_t>(value.data() + value.size() - begin)};
    }

    /// The member's bytes, unless its value was `taken`.
    std::string_view left_of(
        ondemand::raw_json_string key, ondemand::value value, bool taken = false
    ) {
        return taken ? std::string_view() : member(key, slice(value));
    }

    /// Reads a member that should be an object with `take(key, value)` for every field, which tells
    /// whether it took the value. The member's bytes, unless everything was taken.
    template <class Take>
    std::string_view left_of_object(
        ondemand::raw_json_string key, ondemand::value value, Take&& take
    ) {
        ondemand::object object;
        if (!good(value.get_object().get(object))) return left_of(key, value);
        bool taken = true;
        each_field(object, [&](ondemand::raw_json_string name, ondemand::value field) {
            if (!take(name, field)) taken = false;
        });
        return taken ? std::string_view() : member(key, slice(object));
    }

    /// False where the object has no such field.
    bool find(ondemand::object& object, std::string_view key, ondemand::value& value) {
        return !broken_ && good(object.find_field_unordered(key).get(value));
    }

    /// Calls `use(key, value)` for every field; `key` compares with string views.
    template <class Use>
    void each_field(ondemand::object object, Use&& use) {
        for (auto result : object) {
            ondemand::field field;
            if (!good(std::move(result).get(field))) return;
            use(field.key(), field.value());
            if (broken_) return;
        }
    }

    /// The same of a value that should be an object; nothing where it is not.
    template <class Use>
    void each_field_of(ondemand::value value, Use&& use) {
        ondemand::object object;
        if (good(value.get_object().get(object))) each_field(object, std::forward<Use>(use));
    }

    /// Calls `use(value)` for every element; false where `value` is no array.
    template <class Use>
    bool each_element(ondemand::value value, Use&& use) {
        ondemand::array array;
        if (!good(value.get_array().get(array))) return false;
        for (auto result : array) {
            ondemand::value element;
            if (!good(std::move(result).get(element))) return true;
            use(element);
            if (broken_) return true;
        }
        return true;
    }

 private:
    static std::optional<ondemand::json_type> type_of(ondemand::value& value) {
        ondemand::json_type type{};
        if (value.type().get(type)) return std::nullopt;
        return type;
    }

    /// simdjson's slices reach to the next token.
    static std::string_view trimmed(std::string_view text) {
        const auto last = text.find_last_not_of(" \t\r\n");
        return text.substr(0, last == text.npos ? 0 : last + 1);
    }

    bool broken_ = false;
    std::deque<std::string> repaired_;  // a deque: views into it stay valid as it grows
};

}  // namespace tecnochat::whatsapp
