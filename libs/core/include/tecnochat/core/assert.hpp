#pragma once

namespace tecnochat {

/// Writes one line to stderr and aborts. For broken invariants only; what the world can cause is an
/// Error.
[[noreturn]] void assertion_failed(
    const char* condition, const char* message, const char* file, int line
) noexcept;

}  // namespace tecnochat

/// Active in every build: a process that broke an invariant must stop before it writes anything
/// more.
#define TECNOCHAT_ASSERT(condition, message)                                        \
    do {                                                                            \
        if (!(condition)) [[unlikely]] {                                            \
            ::tecnochat::assertion_failed(#condition, message, __FILE__, __LINE__); \
        }                                                                           \
    } while (false)
