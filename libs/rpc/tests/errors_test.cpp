// Goal: an Error survives the wire, code, message and reason; and every code has its HTTP status.
#include "tecnochat/rpc/errors.hpp"

#include <catch2/catch.hpp>
#include <map>

using namespace tecnochat;
using namespace tecnochat::rpc;

TEST_CASE("every error code survives the wire") {
    for (int code = 0; code <= static_cast<int>(ErrorCode::kDataLoss); ++code) {
        const Error error = make_error(static_cast<ErrorCode>(code), "no such turn", "TURN_GONE");
        const grpc::Status status = to_grpc(error);
        CHECK(status.error_message() == "TURN_GONE: no such turn");
        const Error back = from_grpc(status);
        CHECK(back.code == error.code);
        CHECK(back.message == error.message);
        CHECK(back.reason == error.reason);
        // The names are gRPC's own.
        CHECK_FALSE(to_string(back.code).empty());
    }
}

TEST_CASE("a message without a reason stays whole") {
    for (const char* text : {"plain", "Note: this", "a: b", ": x", "OK: too short", ""}) {
        const Error back = from_grpc(to_grpc(make_error(ErrorCode::kAborted, text)));
        INFO(text);
        CHECK(back.message == text);
        CHECK(back.reason.empty());
    }
}

TEST_CASE("what has no name of ours is internal") {
    CHECK(from_grpc({grpc::StatusCode::UNKNOWN, "?"}).code == ErrorCode::kInternal);
}

TEST_CASE("every error code has an HTTP status of its kind") {
    const std::map<ErrorCode, int> expected{
        {ErrorCode::kCancelled, 499},
        {ErrorCode::kInvalidArgument, 400},
        {ErrorCode::kDeadlineExceeded, 504},
        {ErrorCode::kNotFound, 404},
        {ErrorCode::kAlreadyExists, 409},
        {ErrorCode::kPermissionDenied, 403},
        {ErrorCode::kUnauthenticated, 401},
        {ErrorCode::kResourceExhausted, 429},
        {ErrorCode::kFailedPrecondition, 409},
        {ErrorCode::kAborted, 409},
        {ErrorCode::kOutOfRange, 400},
        {ErrorCode::kUnimplemented, 501},
        {ErrorCode::kInternal, 500},
        {ErrorCode::kUnavailable, 503},
        {ErrorCode::kDataLoss, 500},
    };
    for (int code = 0; code <= static_cast<int>(ErrorCode::kDataLoss); ++code) {
        INFO(to_string(static_cast<ErrorCode>(code)));
        CHECK(
            http_status(static_cast<ErrorCode>(code)) == expected.at(static_cast<ErrorCode>(code))
        );
    }
}
