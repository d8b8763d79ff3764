#pragma once

#include <cstdlib>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>

#include "tecnochat/core/assert.hpp"

namespace tecnochat {

/// The canonical gRPC codes, the one vocabulary of expected failures in the suite. Whether a caller
/// may try again follows from the code alone: kUnavailable the call, kAborted the transaction,
/// everything else not at all.
enum class ErrorCode {
    kCancelled,
    kInvalidArgument,
    kDeadlineExceeded,
    kNotFound,
    kAlreadyExists,
    kPermissionDenied,
    kUnauthenticated,
    kResourceExhausted,
    kFailedPrecondition,
    kAborted,
    kOutOfRange,
    kUnimplemented,
    kInternal,
    kUnavailable,
    kDataLoss,
};

/// Stable upper-case name, e.g. "NOT_FOUND".
std::string_view to_string(ErrorCode code) noexcept;

/// An expected failure. `message` is for people and holds no SQL, hosts or personal data; `reason`
/// is a stable token programs may switch on (e.g. "TURN_ALREADY_SETTLED"), empty where the code
/// says enough.
struct Error {
    ErrorCode code = ErrorCode::kInternal;
    std::string message;
    std::string reason;
};

/// True where the same request may be tried again (kUnavailable, kAborted, kDeadlineExceeded,
/// kResourceExhausted).
bool is_retryable(const Error& error) noexcept;

/// True where the data of what was asked for is to blame, so that the same will always be refused:
/// such an item may become a dead letter. Whatever is neither this nor retryable (a missing grant
/// or table) is ours, and must stop a consumer rather than empty its topic into the dead letters.
bool is_items_fault(const Error& error) noexcept;

struct Unit {
    bool operator==(const Unit&) const = default;
};

/// A value or an Error; shaped like std::expected (which g++ 12 only has in C++23). Must be looked
/// at: [[nodiscard]].
template <class T>
class [[nodiscard]] Result {
 public:
    using value_type = T;

    Result(T value)
        : state_(std::in_place_index<0>, std::move(value)) {
    }  // NOLINT(google-explicit-constructor): reads as `return value;`
    Result(Error error)
        : state_(std::in_place_index<1>, std::move(error)) {
    }  // NOLINT(google-explicit-constructor): reads as `return error;`

    [[nodiscard]] bool has_value() const noexcept { return state_.index() == 0; }
    explicit operator bool() const noexcept { return has_value(); }

    [[nodiscard]] T& value() & {
        TECNOCHAT_ASSERT(has_value(), "value() of a failed Result");
        return std::get<0>(state_);
    }
    [[nodiscard]] const T& value() const& {
        TECNOCHAT_ASSERT(has_value(), "value() of a failed Result");
        return std::get<0>(state_);
    }
    [[nodiscard]] T&& value() && {
        TECNOCHAT_ASSERT(has_value(), "value() of a failed Result");
        return std::get<0>(std::move(state_));
    }
    [[nodiscard]] T& operator*() & { return value(); }
    [[nodiscard]] const T& operator*() const& { return value(); }
    [[nodiscard]] T&& operator*() && { return std::move(*this).value(); }
    [[nodiscard]] T* operator->() { return &value(); }
    [[nodiscard]] const T* operator->() const { return &value(); }

    [[nodiscard]] const Error& error() const& {
        TECNOCHAT_ASSERT(!has_value(), "error() of a successful Result");
        return std::get<1>(state_);
    }
    [[nodiscard]] Error&& error() && {
        TECNOCHAT_ASSERT(!has_value(), "error() of a successful Result");
        return std::get<1>(std::move(state_));
    }

    [[nodiscard]] T value_or(T fallback) && {
        return has_value() ? std::get<0>(std::move(state_)) : std::move(fallback);
    }

    /// Calls `next(value)` (which returns a Result) unless failed.
    template <class Next>
    auto and_then(Next&& next) && -> std::invoke_result_t<Next, T&&> {
        if (!has_value()) return std::move(*this).error();
        return std::forward<Next>(next)(std::move(*this).value());
    }

    /// Maps the value unless failed.
    template <class Map>
    auto transform(Map&& map) && -> Result<std::invoke_result_t<Map, T&&>> {
        if (!has_value()) return std::move(*this).error();
        return std::forward<Map>(map)(std::move(*this).value());
    }

 private:
    std::variant<T, Error> state_;
};

/// For functions that only succeed or fail: `return ok();`.
using Status = Result<Unit>;
inline Status ok() {
    return Unit{};
}

inline Error make_error(ErrorCode code, std::string message, std::string reason = {}) {
    return Error{code, std::move(message), std::move(reason)};
}

}  // namespace tecnochat

#define TECNOCHAT_CONCAT_INNER(a, b) a##b
#define TECNOCHAT_CONCAT(a, b) TECNOCHAT_CONCAT_INNER(a, b)
#define TECNOCHAT_TRY_INNER(temporary, declaration, expression) \
    auto temporary = (expression);                              \
    if (!temporary) return std::move(temporary).error();        \
    declaration = std::move(temporary).value()

/// `TECNOCHAT_TRY(auto rows, query(…));` returns the error to the caller, or declares the value.
#define TECNOCHAT_TRY(declaration, expression) \
    TECNOCHAT_TRY_INNER(TECNOCHAT_CONCAT(tecnochat_try_, __LINE__), declaration, expression)

/// The same for a Status, whose value nobody needs.
#define TECNOCHAT_CHECK(expression)                                                    \
    do {                                                                               \
        auto tecnochat_check_status = (expression);                                    \
        if (!tecnochat_check_status) return std::move(tecnochat_check_status).error(); \
    } while (false)
