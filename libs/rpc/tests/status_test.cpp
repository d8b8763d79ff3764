// Goal: an Error survives the wire, code, message and reason.
#include <grpcpp/support/status.h>

#include <catch2/catch.hpp>

#include "tecnochat/rpc/server.hpp"

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
