#include "tecnochat/core/result.hpp"

#include <cstdio>
#include <cstdlib>

namespace tecnochat {

std::string_view to_string(ErrorCode code) noexcept {
    switch (code) {
        case ErrorCode::kCancelled:
            return "CANCELLED";
        case ErrorCode::kInvalidArgument:
            return "INVALID_ARGUMENT";
        case ErrorCode::kDeadlineExceeded:
            return "DEADLINE_EXCEEDED";
        case ErrorCode::kNotFound:
            return "NOT_FOUND";
        case ErrorCode::kAlreadyExists:
            return "ALREADY_EXISTS";
        case ErrorCode::kPermissionDenied:
            return "PERMISSION_DENIED";
        case ErrorCode::kUnauthenticated:
            return "UNAUTHENTICATED";
        case ErrorCode::kResourceExhausted:
            return "RESOURCE_EXHAUSTED";
        case ErrorCode::kFailedPrecondition:
            return "FAILED_PRECONDITION";
        case ErrorCode::kAborted:
            return "ABORTED";
        case ErrorCode::kOutOfRange:
            return "OUT_OF_RANGE";
        case ErrorCode::kUnimplemented:
            return "UNIMPLEMENTED";
        case ErrorCode::kInternal:
            return "INTERNAL";
        case ErrorCode::kUnavailable:
            return "UNAVAILABLE";
        case ErrorCode::kDataLoss:
            return "DATA_LOSS";
    }
    return "INTERNAL";
}

bool is_retryable(const Error& error) noexcept {
    return error.code == ErrorCode::kUnavailable || error.code == ErrorCode::kAborted ||
           error.code == ErrorCode::kDeadlineExceeded ||
           error.code == ErrorCode::kResourceExhausted;
}

bool is_items_fault(const Error& error) noexcept {
    switch (error.code) {
        case ErrorCode::kInvalidArgument:
        case ErrorCode::kAlreadyExists:
        case ErrorCode::kFailedPrecondition:
        case ErrorCode::kOutOfRange:
        case ErrorCode::kDataLoss:
            return true;
        case ErrorCode::kCancelled:
        case ErrorCode::kDeadlineExceeded:
        case ErrorCode::kNotFound:
        case ErrorCode::kPermissionDenied:
        case ErrorCode::kUnauthenticated:
        case ErrorCode::kResourceExhausted:
        case ErrorCode::kAborted:
        case ErrorCode::kUnimplemented:
        case ErrorCode::kInternal:
        case ErrorCode::kUnavailable:
            return false;
    }
    return false;
}

void assertion_failed(
    const char* condition, const char* message, const char* file, int line
) noexcept {
    std::fprintf(stderr, "assertion failed: %s (%s) at %s:%d\n", message, condition, file, line);
    std::abort();
}

}  // namespace tecnochat
