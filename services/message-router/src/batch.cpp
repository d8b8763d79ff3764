#include "batch.hpp"

namespace tecnochat::message_router {

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

}  // namespace tecnochat::message_router
