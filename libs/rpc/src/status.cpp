#include <grpcpp/support/status.h>

#include <algorithm>

#include "tecnochat/core/assert.hpp"
#include "tecnochat/rpc/server.hpp"

namespace tecnochat::rpc {
namespace {

constexpr std::string_view kSeparator = ": ";

struct Pair {
    ErrorCode ours;
    grpc::StatusCode theirs;
};

constexpr Pair kTable[] = {
    {ErrorCode::kCancelled, grpc::StatusCode::CANCELLED},
    {ErrorCode::kInvalidArgument, grpc::StatusCode::INVALID_ARGUMENT},
    {ErrorCode::kDeadlineExceeded, grpc::StatusCode::DEADLINE_EXCEEDED},
    {ErrorCode::kNotFound, grpc::StatusCode::NOT_FOUND},
    {ErrorCode::kAlreadyExists, grpc::StatusCode::ALREADY_EXISTS},
    {ErrorCode::kPermissionDenied, grpc::StatusCode::PERMISSION_DENIED},
    {ErrorCode::kUnauthenticated, grpc::StatusCode::UNAUTHENTICATED},
    {ErrorCode::kResourceExhausted, grpc::StatusCode::RESOURCE_EXHAUSTED},
    {ErrorCode::kFailedPrecondition, grpc::StatusCode::FAILED_PRECONDITION},
    {ErrorCode::kAborted, grpc::StatusCode::ABORTED},
    {ErrorCode::kOutOfRange, grpc::StatusCode::OUT_OF_RANGE},
    {ErrorCode::kUnimplemented, grpc::StatusCode::UNIMPLEMENTED},
    {ErrorCode::kInternal, grpc::StatusCode::INTERNAL},
    {ErrorCode::kUnavailable, grpc::StatusCode::UNAVAILABLE},
    {ErrorCode::kDataLoss, grpc::StatusCode::DATA_LOSS},
};

bool is_reason(std::string_view text) {
    return text.size() >= 3 && text.front() >= 'A' && text.front() <= 'Z' &&
           std::all_of(text.begin(), text.end(), [](char c) {
               return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
           });
}

}  // namespace

grpc::Status to_grpc(const Error& error) {
    const auto* row = std::find_if(std::begin(kTable), std::end(kTable), [&](const Pair& pair) {
        return pair.ours == error.code;
    });
    TECNOCHAT_ASSERT(row != std::end(kTable), "an error code without a gRPC code");
    if (error.reason.empty()) return {row->theirs, error.message};
    return {row->theirs, error.reason + std::string(kSeparator) + error.message};
}

Error from_grpc(const grpc::Status& status) {
    TECNOCHAT_ASSERT(!status.ok(), "from_grpc() of a status that is OK");
    const auto* row = std::find_if(std::begin(kTable), std::end(kTable), [&](const Pair& pair) {
        return pair.theirs == status.error_code();
    });
    // UNKNOWN and numbers of the future: the peer failed in a way it has no name for.
    const ErrorCode code = row == std::end(kTable) ? ErrorCode::kInternal : row->ours;
    const std::string& text = status.error_message();
    const auto separator = text.find(kSeparator);
    if (separator == std::string::npos || !is_reason(text.substr(0, separator))) {
        return make_error(code, text);
    }
    return make_error(code, text.substr(separator + kSeparator.size()), text.substr(0, separator));
}

}  // namespace tecnochat::rpc
