#pragma once

#include <hiredis/hiredis.h>

#include <memory>
#include <span>
#include <string>

#include "tecnochat/core/clock.hpp"
#include "tecnochat/core/result.hpp"
#include "url.hpp"

namespace tecnochat::redis {

struct FreeContext {
    void operator()(redisContext* context) const noexcept { redisFree(context); }
};
struct FreeReply {
    void operator()(redisReply* reply) const noexcept { freeReplyObject(reply); }
};
using ReplyHandle = std::unique_ptr<redisReply, FreeReply>;

/// One connection, used by one thread at a time. After a failure of the connection itself (not an
/// error reply) it is closed for good.
class Connection {
 public:
    static Result<std::unique_ptr<Connection>> open(const Url& url, Milliseconds timeout);

    /// kUnavailable when the connection broke or timed out; an error reply is a reply.
    Result<ReplyHandle> command(std::span<const std::string> words);
    [[nodiscard]] bool usable() const { return context_ && context_->err == 0; }

 private:
    explicit Connection(redisContext* context) : context_(context) {}
    Status expect_ok(std::span<const std::string> words);
    std::unique_ptr<redisContext, FreeContext> context_;
};

}  // namespace tecnochat::redis
