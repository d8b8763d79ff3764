#include "connection.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <array>
#include <vector>

namespace tecnochat::redis {
namespace {

Error away() {
    return make_error(ErrorCode::kUnavailable, "Redis does not answer");
}

}  // namespace

Result<std::unique_ptr<Connection>> Connection::open(const Url& url, Milliseconds timeout) {
    const timeval limit{timeout.count() / 1000, (timeout.count() % 1000) * 1000};
    auto connection = std::unique_ptr<Connection>(
        new Connection(redisConnectWithTimeout(url.host.c_str(), url.port, limit))
    );
    if (!connection->usable()) return away();
    const int on = 1;
    setsockopt(connection->context_->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (redisSetTimeout(connection->context_.get(), limit) != REDIS_OK) return away();
    if (!url.password.empty()) {
        std::vector<std::string> words{"AUTH"};
        if (!url.user.empty()) words.push_back(url.user);
        words.push_back(url.password);
        TECNOCHAT_CHECK(connection->expect_ok(words));
    }
    if (url.database != 0) {
        TECNOCHAT_CHECK(connection->expect_ok(
            std::array<std::string, 2>{"SELECT", std::to_string(url.database)}
        ));
    }
    return connection;
}

Status Connection::expect_ok(std::span<const std::string> words) {
    TECNOCHAT_TRY(const auto reply, command(words));
    if (reply->type != REDIS_REPLY_ERROR) return ok();
    return make_error(ErrorCode::kUnavailable, "Redis refuses the login or database");
}

Result<ReplyHandle> Connection::command(std::span<const std::string> words) {
    if (!usable()) return away();
    std::vector<const char*> starts;
    std::vector<std::size_t> sizes;
    for (const auto& word : words) {
        starts.push_back(word.data());
        sizes.push_back(word.size());
    }
    ReplyHandle reply(static_cast<redisReply*>(redisCommandArgv(
        context_.get(), static_cast<int>(words.size()), starts.data(), sizes.data()
    )));
    if (!reply) {
        context_.reset();  // a late answer must not be taken for the next one's
        return away();
    }
    return reply;
}

}  // namespace tecnochat::redis
