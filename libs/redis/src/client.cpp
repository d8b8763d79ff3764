#include "tecnochat/redis/client.hpp"

#include <fmt/format.h>
#include <openssl/evp.h>

#include <array>
#include <condition_variable>
#include <mutex>
#include <stdexcept>

#include "connection.hpp"

namespace tecnochat::redis {
namespace {

constexpr Milliseconds kReconnectEvery{250};

Url url_or_throw(const Secret& text) {
    auto url = parse_url(text.reveal());
    if (!url) throw std::runtime_error(url.error().message);
    return std::move(url).value();
}

/// EVALSHA's name of a script.
std::string sha1_hex(const std::string& script) {
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    unsigned int size = 0;
    TECNOCHAT_ASSERT(
        EVP_Digest(script.data(), script.size(), digest.data(), &size, EVP_sha1(), nullptr) == 1,
        "SHA-1 failed"
    );
    std::string hex;
    for (unsigned int i = 0; i < size; ++i) hex += fmt::format("{:02x}", digest[i]);
    return hex;
}

std::string_view text_of(const redisReply& reply) {
    return {reply.str, reply.len};
}

/// An error reply; its text may quote keys and stays here.
Error refused(const redisReply& reply) {
    // LOADING, BUSY, READONLY, OOM…: the server is there but does not serve now.
    for (const std::string_view passing : {"LOADING", "BUSY", "READONLY", "OOM", "MASTERDOWN"}) {
        if (text_of(reply).starts_with(passing)) {
            return make_error(
                ErrorCode::kUnavailable, "Redis does not serve now", std::string(passing)
            );
        }
    }
    return make_error(ErrorCode::kInternal, "Redis refused a command");
}

}  // namespace

struct Client::Impl {
    Impl(Url u, int connections, Milliseconds t)
        : url(std::move(u)), timeout(t), free(connections) {}

    Result<ReplyHandle> command(std::span<const std::string> words);
    Result<std::unique_ptr<Connection>> take();
    void give_back(std::unique_ptr<Connection> connection);

    const Url url;
    const Milliseconds timeout;
    std::mutex mutex;
    std::condition_variable freed;
    int free;  // how many more may be lent
    std::vector<std::unique_ptr<Connection>> idle;
    std::chrono::steady_clock::time_point connect_again;
};

Result<std::unique_ptr<Connection>> Client::Impl::take() {
    std::unique_lock lock(mutex);
    if (!freed.wait_for(lock, timeout, [this] { return free > 0; })) {
        return make_error(ErrorCode::kUnavailable, "no Redis connection came free in time");
    }
    if (!idle.empty()) {
        auto connection = std::move(idle.back());
        idle.pop_back();
        --free;
        return connection;
    }
    const auto now = std::chrono::steady_clock::now();
    if (now < connect_again) {
        return make_error(ErrorCode::kUnavailable, "Redis was away a moment ago");
    }
    --free;
    lock.unlock();
    auto opened = Connection::open(url, timeout);
    if (!opened) {
        give_back(nullptr);
        lock.lock();
        connect_again = std::chrono::steady_clock::now() + kReconnectEvery;
    }
    return opened;
}

void Client::Impl::give_back(std::unique_ptr<Connection> connection) {
    {
        std::scoped_lock lock(mutex);
        ++free;
        if (connection && connection->usable()) {
            idle.push_back(std::move(connection));
        } else {
            idle.clear();  // what broke one has broken all: a restarted server
        }
    }
    freed.notify_one();
}

Result<ReplyHandle> Client::Impl::command(std::span<const std::string> words) {
    TECNOCHAT_TRY(auto connection, take());
    auto reply = connection->command(words);
    give_back(std::move(connection));
    return reply;
}

Client::Client(const Secret& url, int connections, Milliseconds timeout)
    : impl_(std::make_unique<Impl>(url_or_throw(url), connections, timeout)) {
    TECNOCHAT_ASSERT(connections > 0, "a client needs a connection");
}

Client::~Client() = default;

Result<std::vector<std::int64_t>> Client::eval(
    const std::string& script,
    std::span<const std::string> keys,
    std::span<const std::string> arguments
) {
    std::vector<std::string> words{"EVALSHA", sha1_hex(script), std::to_string(keys.size())};
    words.insert(words.end(), keys.begin(), keys.end());
    words.insert(words.end(), arguments.begin(), arguments.end());
    TECNOCHAT_TRY(auto reply, impl_->command(words));
    if (reply->type == REDIS_REPLY_ERROR && text_of(*reply).starts_with("NOSCRIPT")) {
        words[0] = "EVAL";
        words[1] = script;
        TECNOCHAT_TRY(reply, impl_->command(words));
    }
    if (reply->type == REDIS_REPLY_ERROR) return refused(*reply);
    if (reply->type == REDIS_REPLY_INTEGER) return std::vector<std::int64_t>{reply->integer};
    if (reply->type != REDIS_REPLY_ARRAY) {
        return make_error(ErrorCode::kInternal, "a script answered no integers");
    }
    std::vector<std::int64_t> integers;
    for (std::size_t i = 0; i < reply->elements; ++i) {
        if (reply->element[i]->type != REDIS_REPLY_INTEGER) {
            return make_error(ErrorCode::kInternal, "a script answered no integers");
        }
        integers.push_back(reply->element[i]->integer);
    }
    return integers;
}

Result<std::optional<std::string>> Client::get(const std::string& key) {
    TECNOCHAT_TRY(const auto reply, impl_->command(std::array<std::string, 2>{"GET", key}));
    if (reply->type == REDIS_REPLY_NIL) return std::optional<std::string>();
    if (reply->type != REDIS_REPLY_STRING) return refused(*reply);
    return std::optional<std::string>(text_of(*reply));
}

Status Client::set(const std::string& key, const std::string& value, Milliseconds time_to_live) {
    TECNOCHAT_ASSERT(time_to_live.count() > 0, "what may be lost must end by itself");
    TECNOCHAT_TRY(
        const auto reply,
        impl_->command(std::array<std::string, 5>{
            "SET", key, value, "PX", std::to_string(time_to_live.count())
        })
    );
    if (reply->type == REDIS_REPLY_ERROR) return refused(*reply);
    return ok();
}

bool Client::reachable() {
    const auto reply = impl_->command(std::array<std::string, 1>{"PING"});
    return reply && (*reply)->type != REDIS_REPLY_ERROR;
}

}  // namespace tecnochat::redis
