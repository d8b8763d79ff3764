#pragma once

#include <grpcpp/server_context.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "tecnochat/core/clock.hpp"
#include "tecnochat/core/result.hpp"
#include "tecnochat/core/uuid.hpp"
#include "tecnochat/rpc/errors.hpp"
#include "tecnochat/rpc/wire.hpp"

namespace tecnochat::rpc {

// What every handler of a gRPC method needs, beside its use case. Functions without state;
// thread-safe.

/// OK, or the error as gRPC says it.
grpc::Status answer(const Status& status);

/// When the handler must have ended: the caller's deadline, at most `limit` from now. A caller that
/// gives none gets `limit`.
Deadline deadline_of(const grpc::ServerContext& context, Milliseconds limit);

/// Runs `work(deadline)`, which gives a Status, under the call's deadline, and answers what became
/// of it. A call whose deadline has passed is not begun. What `work` throws becomes INTERNAL (the
/// server's observer does that).
template <class Work>
grpc::Status serve(const grpc::ServerContext& context, Milliseconds limit, Work&& work) {
    const Deadline deadline = deadline_of(context, limit);
    if (deadline.expired()) {
        return to_grpc(make_error(ErrorCode::kDeadlineExceeded, "the call came too late"));
    }
    return answer(std::forward<Work>(work)(deadline));
}

/// An id of a request: kInvalidArgument with the caller's `reason` ("TENANT_ID") if it is no UUID.
template <class IdType>
Result<IdType> parse_id(std::string_view text, const char* reason) {
    Result<IdType> id = IdType::parse(text);
    if (!id) return make_error(ErrorCode::kInvalidArgument, "an id must be a UUID", reason);
    return id;
}

/// How many items a page holds: `usual` where 0 is asked, `maximum` where more is. kInvalidArgument
/// PAGE_SIZE if negative.
Result<int> page_size(int asked, int usual, int maximum);

/// Where the next page of a list begins, opaque to callers: a few fields in a fixed order, written
/// by add() and read by the functions of the same order.
///
///     PageToken().add(last.time).add(last.id).encode()
///
///     TECNOCHAT_TRY(auto token, PageToken::decode(request.page_token()));
///     TECNOCHAT_TRY(const auto time, token.time());
///     TECNOCHAT_TRY(const auto id, token.id<ConversationId>());
///     TECNOCHAT_CHECK(token.end());
///
/// Every failure of reading is kInvalidArgument PAGE_TOKEN: the token is not one of ours.
class PageToken {
 public:
    /// A count or a sequence, never negative.
    PageToken& add(std::int64_t number) { return add_text(std::to_string(number)); }
    PageToken& add(Timestamp time) { return add_text(std::to_string(to_unix_ms(time))); }
    template <class Tag>
    PageToken& add(const Id<Tag>& id) {
        return add_text(id.to_string());
    }
    /// base64url, at most 128 bytes.
    [[nodiscard]] std::string encode() const;

    static Result<PageToken> decode(std::string_view token);
    Result<std::int64_t> number();
    /// Only times that libs/core, and so PostgreSQL, knows: the years 1 to 9999.
    Result<Timestamp> time();
    template <class IdType>
    Result<IdType> id() {
        return parse_id<IdType>(next(), "PAGE_TOKEN");
    }
    /// Fails while anything has not been read.
    [[nodiscard]] Status end() const;

 private:
    PageToken& add_text(std::string_view field);
    std::string next();
    Result<std::int64_t> next_number();

    std::string fields_;  // with a '/' between
    std::size_t read_ = 0;
};

}  // namespace tecnochat::rpc
