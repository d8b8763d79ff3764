#pragma once

#include <concepts>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "tecnochat/core/clock.hpp"
#include "tecnochat/core/uuid.hpp"

namespace tecnochat::postgres {

/// A value for a bytea column. The bytes must live until it is added.
struct Bytes {
    std::string_view value;
};

namespace detail {

// The text form of one value inside an array literal: texts are quoted, nothing else needs it.
void append_element(std::string& out, std::string_view text);
void append_element(std::string& out, std::int64_t number);
void append_element(std::string& out, double number);
void append_element(std::string& out, bool flag);
void append_element(std::string& out, const Uuid& uuid);
void append_element(std::string& out, Timestamp time);
void append_element(std::string& out, Bytes bytes);

template <class T>
struct IsOptional : std::false_type {};
template <class T>
struct IsOptional<std::optional<T>> : std::true_type {};

template <class Value>
void append_value(std::string& out, const Value& value) {
    if constexpr (IsOptional<Value>::value) {
        if (value) {
            append_value(out, *value);
        } else {
            out += "NULL";
        }
    } else if constexpr (std::integral<Value> && !std::same_as<Value, bool>) {
        append_element(out, static_cast<std::int64_t>(value));
    } else if constexpr (std::convertible_to<const Value&, std::string_view>) {
        append_element(out, std::string_view(value));
    } else if constexpr (requires { value.uuid(); }) {
        append_element(out, value.uuid());
    } else {
        append_element(out, value);
    }
}

}  // namespace detail

/// Parameters of one statement, $1… in the order added. Everything is sent in text form; arrays
/// become PostgreSQL array literals for `unnest($1::uuid[], …)`. A NUL inside a text, which
/// PostgreSQL cannot store, becomes U+FFFD: customers can write one, and it must not cut the text.
class Params {
 public:
    Params& add(std::string_view text);
    Params& add(const char* text) { return add(std::string_view(text)); }
    Params& add(const std::string& text) { return add(std::string_view(text)); }
    Params& add(std::int64_t number);
    Params& add(int number) { return add(static_cast<std::int64_t>(number)); }
    Params& add(bool flag);
    Params& add(double number);
    Params& add(const Uuid& uuid);
    template <class Tag>
    Params& add(const Id<Tag>& id) {
        return add(id.uuid());
    }
    Params& add(Timestamp time);  // timestamptz
    Params& add(Bytes bytes);     // bytea
    Params& add_null();
    template <class T>
    Params& add(const std::optional<T>& value) {
        return value ? add(*value) : add_null();
    }

    /// One array of any range of values (keys, mostly): texts, whole numbers, double, bool, Uuid,
    /// Id, Timestamp, Bytes, and std::optional of each.
    template <class Values>
    Params& add_array(const Values& values) {
        return add_elements(values, std::identity{});
    }

    /// The columns of many rows: one array for each field, in order, for `unnest($1::uuid[], …)`.
    /// `rows` is any range of R or of pointers to R, which are followed; a field is a pointer to a
    /// member of R or a callable on `const R&`, and gives what add_array takes. A callable that
    /// gives a view must give one of the row.
    template <class Rows, class... Fields>
    Params& add_columns(const Rows& rows, Fields... fields) {
        (add_elements(rows, fields), ...);
        return *this;
    }

    [[nodiscard]] std::size_t size() const { return starts_.size(); }

 private:
    friend class Connection;
    static constexpr auto kNull = static_cast<std::size_t>(-1);

    void open() { starts_.push_back(text_.size()); }
    Params& close() {
        text_ += '\0';
        return *this;
    }
    template <class Rows, class Field>
    Params& add_elements(const Rows& rows, const Field& field) {
        open();
        text_ += '{';
        const auto first = text_.size();
        for (const auto& row : rows) {
            if (text_.size() > first) text_ += ',';
            if constexpr (std::is_pointer_v<std::remove_cvref_t<decltype(row)>> &&
                          !std::convertible_to<decltype(row), std::string_view>) {
                detail::append_value(text_, std::invoke(field, *row));
            } else {
                detail::append_value(text_, std::invoke(field, row));
            }
        }
        text_ += '}';
        return close();
    }

    void point_to(std::vector<const char*>& values) const;  // null: NULL

    /// Every value with a NUL behind it, one after the other, as libpq takes them.
    std::string text_;
    std::vector<std::size_t> starts_;  // kNull: NULL
};

}  // namespace tecnochat::postgres
