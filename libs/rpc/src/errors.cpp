#include "tecnochat/rpc/errors.hpp"

#include <algorithm>
#include <string_view>

#include "tecnochat/core/assert.hpp"

namespace tecnochat::rpc {
namespace {

constexpr std::string_view kSeparator = ": ";

struct Row {
    ErrorCode ours;
    grpc::StatusCode grpc;
    int http;
};

constexpr Row kTable[] = {
    {ErrorCode::kCancelled, grpc::StatusCode::CANCELLED, 499},
    {ErrorCode::kInvalidArgument, grpc::StatusCode::INVALID_ARGUMENT, 400},
    {ErrorCode::kDeadlineExceeded, grpc::StatusCode::DEADLINE_EXCEEDED, 504},
    {ErrorCode::kNotFound, grpc::StatusCode::NOT_FOUND, 404},
    {ErrorCode::kAlreadyExists, grpc::StatusCode::ALREADY_EXISTS, 409},
    {ErrorCode::kPermissionDenied, grpc::StatusCode::PERMISSION_DENIED, 403},
    {ErrorCode::kUnauthenticated, grpc::StatusCode::UNAUTHENTICATED, 401},
    {ErrorCode::kResourceExhausted, grpc::StatusCode::RESOURCE_EXHAUSTED, 429},
    {ErrorCode::kFailedPrecondition, grpc::StatusCode::FAILED_PRECONDITION, 409},
    {ErrorCode::kAborted, grpc::StatusCode::ABORTED, 409},
    {ErrorCode::kOutOfRange, grpc::StatusCode::OUT_OF_RANGE, 400},
    {ErrorCode::kUnimplemented, grpc::StatusCode::UNIMPLEMENTED, 501},
    {ErrorCode::kInternal, grpc::StatusCode::INTERNAL, 500},
    {ErrorCode::kUnavailable, grpc::StatusCode::UNAVAILABLE, 503},
    {ErrorCode::kDataLoss, grpc::StatusCode::DATA_LOSS, 500},
};

const Row& row_of(ErrorCode code) {
    const auto* row = std::find_if(std::begin(kTable), std::end(kTable), [&](const Row& candidate) {
        return candidate.ours == code;
    });
    TECNOCHAT_ASSERT(row != std::end(kTable), "an error code that the table does not know");
    return *row;
}

bool is_reason(std::string_view text) {
    return text.size() >= 3 && text.front() >= 'A' && text.front() <= 'Z' &&
           std::all_of(text.begin(), text.end(), [](char c) {
               return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
           });
}

}  // namespace

grpc::Status to_grpc(const Error& error) {
    const grpc::StatusCode code = row_of(error.code).grpc;
    if (error.reason.empty()) return {code, error.message};
    return {code, error.reason + std::string(kSeparator) + error.message};
}

Error from_grpc(const grpc::Status& status) {
    TECNOCHAT_ASSERT(!status.ok(), "from_grpc() of a status that is OK");
    const auto* row = std::find_if(std::begin(kTable), std::end(kTable), [&](const Row& candidate) {
        return candidate.grpc == status.error_code();
    });
    const ErrorCode code = row == std::end(kTable) ? ErrorCode::kInternal : row->ours;
    const std::string& text = status.error_message();
    const auto separator = text.find(kSeparator);
    if (separator == std::string::npos || !is_reason(text.substr(0, separator))) {
        return make_error(code, text);
    }
    return make_error(code, text.substr(separator + kSeparator.size()), text.substr(0, separator));
}

int http_status(ErrorCode code) {
    return row_of(code).http;
}

}  // namespace tecnochat::rpc
