// Goal: what handlers share decides the same for all of them: deadlines, ids, times, pages.
#include "tecnochat/rpc/handler.hpp"

#include <catch2/catch.hpp>
#include <limits>

#include "tecnochat/crypto/encoding.hpp"

using namespace tecnochat;
using namespace tecnochat::rpc;
using namespace std::chrono_literals;

namespace {

const auto kId = ConversationId::parse("0199a7c0-1c00-7000-8000-000000000001").value();

/// Code and reason of reading "<time>/<id>".
std::string read(const std::string& text) {
    const auto all = [&]() -> Status {
        TECNOCHAT_TRY(auto token, PageToken::decode(text));
        TECNOCHAT_TRY(const auto time, token.time());
        TECNOCHAT_TRY(const auto id, token.id<ConversationId>());
        TECNOCHAT_CHECK(token.end());
        CHECK(time == from_unix_ms(-5));
        CHECK(id == kId);
        return ok();
    };
    const Status status = all();
    if (status) return "OK";
    return std::string(to_string(status.error().code)) + " " + status.error().reason;
}

std::string read_plain(const std::string& fields) {
    return read(crypto::to_base64url(fields));
}

}  // namespace

TEST_CASE("a status is answered as it is") {
    CHECK(answer(ok()).ok());
    const grpc::Status status = answer(make_error(ErrorCode::kNotFound, "no such turn", "GONE"));
    CHECK(status.error_code() == grpc::StatusCode::NOT_FOUND);
    CHECK(status.error_message() == "GONE: no such turn");
}

TEST_CASE("a call without a deadline gets the handler's limit") {
    const grpc::ServerContext context;
    const Deadline deadline = deadline_of(context, 5s);
    CHECK(deadline.remaining() <= 5s);
    CHECK(deadline.remaining() > 4s);
}

TEST_CASE("serve runs its work under the deadline, and not at all when there is no time left") {
    const grpc::ServerContext context;
    CHECK(serve(context, 5s, [](Deadline deadline) -> Status {
              CHECK_FALSE(deadline.expired());
              return ok();
          }).ok());
    bool ran = false;
    const grpc::Status late = serve(context, 0ms, [&](Deadline) -> Status {
        ran = true;
        return ok();
    });
    CHECK(late.error_code() == grpc::StatusCode::DEADLINE_EXCEEDED);
    CHECK_FALSE(ran);
}

TEST_CASE("an id that is no UUID is named by its field") {
    CHECK(parse_id<ConversationId>(kId.to_string(), "CONVERSATION_ID").value() == kId);
    for (const char* text : {"", "x", "0199a7c0-1c00-7000-8000-00000000000"}) {
        const auto id = parse_id<ConversationId>(text, "CONVERSATION_ID");
        REQUIRE_FALSE(id);
        CHECK(id.error().code == ErrorCode::kInvalidArgument);
        CHECK(id.error().reason == "CONVERSATION_ID");
    }
}

TEST_CASE("times keep their milliseconds, before 1970 too") {
    for (const std::int64_t ms :
         {0LL, 1LL, 1'700'000'000'123LL, -1LL, -1000LL, -62'135'596'800'000LL}) {
        google::protobuf::Timestamp wire;
        set_time(wire, from_unix_ms(ms));
        INFO(ms);
        CHECK(wire.nanos() >= 0);
        CHECK(to_time(wire) == from_unix_ms(ms));
    }
    google::protobuf::Timestamp absurd;
    absurd.set_seconds(std::numeric_limits<std::int64_t>::max());
    absurd.set_nanos(999'999'999);
    CHECK(format_rfc3339(to_time(absurd)) == "9999-12-31T23:59:59.999Z");
}

TEST_CASE("a page holds the usual number, or what was asked up to the maximum") {
    CHECK(page_size(0, 50, 200).value() == 50);
    CHECK(page_size(1, 50, 200).value() == 1);
    CHECK(page_size(200, 50, 200).value() == 200);
    CHECK(page_size(201, 50, 200).value() == 200);
    const auto negative = page_size(-1, 50, 200);
    REQUIRE_FALSE(negative);
    CHECK(negative.error().code == ErrorCode::kInvalidArgument);
    CHECK(negative.error().reason == "PAGE_SIZE");
}

TEST_CASE("a page token gives back what was put in, and nothing else is taken") {
    const std::string token = PageToken().add(from_unix_ms(-5)).add(kId).encode();
    CHECK(read(token) == "OK");
    CHECK(token.find_first_of("+/=") == std::string::npos);
    const std::string id = kId.to_string();
    const std::string refused = "INVALID_ARGUMENT PAGE_TOKEN";
    for (const std::string& text : {std::string(), std::string("???"), std::string(5000, 'a')}) {
        CHECK(read(text) == refused);
    }
    for (const std::string& fields : {
             std::string("-5"),
             "/" + id,
             "-5/" + id + "/",
             "-5/" + id + "/1",
             "-5/" + id + "x",
             "+5/" + id,
             "5x/" + id,
             std::string("-5/"),
             "9223372036854775807/" + id,
             "9223372036854775808/" + id,
             "-62135596800001/" + id,
             "253402300800000/" + id,
         }) {
        INFO(fields);
        CHECK(read_plain(fields) == refused);
    }
}

TEST_CASE("a page token of one number") {
    auto token = PageToken::decode(PageToken().add(std::int64_t{42}).encode()).value();
    CHECK_FALSE(token.end());
    CHECK(token.number().value() == 42);
    CHECK(token.end());
    CHECK_FALSE(token.number());
    CHECK_FALSE(PageToken::decode(crypto::to_base64url("-1")).value().number());
}
