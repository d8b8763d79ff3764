#include "tecnochat/redis/client.hpp"

#include <hiredis/hiredis.h>
#include <sys/time.h>

#include <charconv>
#include <condition_variable>
#include <mutex>
#include <stdexcept>
#include <unordered_map>

namespace tecnochat::redis {
namespace {

constexpr Milliseconds kReconnectPause{250};

struct FreeContext {
    void operator()(redisContext* context) const { redisFree(context); }
};
using Context = std::unique_ptr<redisContext, FreeContext>;

struct FreeReply {
    void operator()(redisReply* reply) const { freeReplyObject(reply); }
};
using Reply = std::unique_ptr<redisReply, FreeReply>;

struct Address {
    std::string host;
    int port = 6379;
    std::string user;
    std::string password;
    int database = 0;
};

int to_number(std::string_view text, const char* what) {
    int number = 0;
    const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (failure != std::errc{} || end != text.data() + text.size()) {
        throw std::runtime_error(std::string("the Redis URL has a bad ") + what);
    }
    return number;
}

/// redis://[user:password@]host[:port][/database]
Address parse(std::string_view url) {
    constexpr std::string_view kScheme = "redis://";
    if (!url.starts_with(kScheme))
        throw std::runtime_error("the Redis URL must begin with redis://");
    url.remove_prefix(kScheme.size());
    Address address;
    if (const auto at = url.rfind('@'); at != std::string_view::npos) {
        const auto credentials = url.substr(0, at);
        const auto colon = credentials.find(':');
        if (colon == std::string_view::npos)
            throw std::runtime_error("the Redis URL's credentials are user:password");
        address.user = credentials.substr(0, colon);
        address.password = credentials.substr(colon + 1);
        url.remove_prefix(at + 1);
    }
    if (const auto slash = url.find('/'); slash != std::string_view::npos) {
        if (slash + 1 < url.size())
            address.database = to_number(url.substr(slash + 1), "database number");
        url = url.substr(0, slash);
    }
    const auto colon = url.rfind(':');
    address.host = url.substr(0, colon);
    if (colon != std::string_view::npos) address.port = to_number(url.substr(colon + 1), "port");
    return address;
}

/// hiredis 0.14 has no TLS: what is not on this machine would travel in the clear.
void require_loopback(const Address& address) {
    const bool loopback =
        address.host.starts_with("127.") || address.host == "localhost" || address.host == "::1";
    if (!loopback) {
        throw std::runtime_error(
            "Redis is spoken to in plain text, so only on loopback: put a TLS proxy on this machine in front of " +
            address.host
        );
    }
}

timeval to_timeval(Milliseconds time) {
    return {.tv_sec = time.count() / 1000, .tv_usec = (time.count() % 1000) * 1000};
}

Error away() {
    return make_error(ErrorCode::kUnavailable, "Redis is away");
}

}  // namespace

struct Client::Impl {
    Address address;
    Milliseconds timeout;
    std::mutex mutex;
    std::condition_variable returned;
    std::vector<Context> idle;
    int unopened = 0;
    std::chrono::steady_clock::time_point no_connect_before{};
    std::unordered_map<std::string, std::string> script_hashes;

    Result<Context> connect() {
        Context context(
            redisConnectWithTimeout(address.host.c_str(), address.port, to_timeval(timeout))
        );
        if (!context || context->err != 0) return away();
        redisEnableKeepAlive(context.get());
        redisSetTimeout(context.get(), to_timeval(timeout));
        if (!address.password.empty()) {
            std::vector<std::string> auth{"AUTH"};
            if (!address.user.empty()) auth.push_back(address.user);
            auth.push_back(address.password);
            TECNOCHAT_CHECK(send(*context, auth));
        }
        if (address.database != 0)
            TECNOCHAT_CHECK(send(*context, {"SELECT", std::to_string(address.database)}));
        return context;
    }

    static Result<Reply> send(redisContext& context, const std::vector<std::string>& words) {
        std::vector<const char*> arguments;
        std::vector<std::size_t> lengths;
        for (const auto& word : words) {
            arguments.push_back(word.data());
            lengths.push_back(word.size());
        }
        Reply reply(static_cast<redisReply*>(redisCommandArgv(
            &context, static_cast<int>(words.size()), arguments.data(), lengths.data()
        )));
        if (!reply) return away();
        if (reply->type != REDIS_REPLY_ERROR) return reply;
        const std::string_view text(reply->str, reply->len);
        if (text.starts_with("NOSCRIPT"))
            return make_error(ErrorCode::kNotFound, "the script is not loaded", "NOSCRIPT");
        if (text.starts_with("LOADING") || text.starts_with("BUSY")) return away();
        return make_error(
            ErrorCode::kInternal,
            "Redis refused the command",
            std::string(text.substr(0, text.find(' ')))
        );
    }

    /// An idle connection, or a new one where the pool is not full; waits for at most the time-out.
    Result<Context> take() {
        std::unique_lock lock(mutex);
        if (!returned.wait_for(lock, timeout, [this] { return !idle.empty() || unopened > 0; })) {
            return make_error(ErrorCode::kResourceExhausted, "every Redis connection is busy");
        }
        if (!idle.empty()) {
            Context context = std::move(idle.back());
            idle.pop_back();
            return context;
        }
        // While the server is away callers are not made to wait for a connect each.
        const auto now = std::chrono::steady_clock::now();
        if (now < no_connect_before) return away();
        --unopened;
        no_connect_before = now + kReconnectPause;
        lock.unlock();
        auto context = connect();
        lock.lock();
        if (context) {
            no_connect_before = {};
        } else {
            ++unopened;
        }
        return context;
    }

    void give_back(Context context, bool healthy) {
        {
            std::scoped_lock lock(mutex);
            if (healthy)
                idle.push_back(std::move(context));
            else
                ++unopened;
        }
        returned.notify_one();
    }

    Result<Reply> command(const std::vector<std::string>& words) {
        TECNOCHAT_TRY(auto context, take());
        auto reply = send(*context, words);
        const bool healthy = context->err == 0;
        give_back(std::move(context), healthy);
        return reply;
    }

    Result<std::string> load(const std::string& script) {
        {
            std::scoped_lock lock(mutex);
            if (const auto it = script_hashes.find(script); it != script_hashes.end())
                return it->second;
        }
        TECNOCHAT_TRY(const auto reply, command({"SCRIPT", "LOAD", script}));
        std::string hash(reply->str, reply->len);
        std::scoped_lock lock(mutex);
        script_hashes.insert_or_assign(script, hash);
        return hash;
    }

    void forget(const std::string& script) {
        std::scoped_lock lock(mutex);
        script_hashes.erase(script);
    }
};

Client::Client(const Secret& url, int connections, Milliseconds timeout)
    : impl_(std::make_unique<Impl>()) {
    impl_->address = parse(url.reveal());
    require_loopback(impl_->address);
    impl_->timeout = timeout;
    impl_->unopened = connections;
}

Client::~Client() = default;

Result<std::vector<std::int64_t>> Client::eval(
    const std::string& script,
    std::span<const std::string> keys,
    std::span<const std::string> arguments
) {
    // A restarted server has forgotten its scripts: load once more, then give up.
    for (int attempt = 0; attempt < 2; ++attempt) {
        TECNOCHAT_TRY(const auto hash, impl_->load(script));
        std::vector<std::string> words{"EVALSHA", hash, std::to_string(keys.size())};
        words.insert(words.end(), keys.begin(), keys.end());
        words.insert(words.end(), arguments.begin(), arguments.end());
        auto reply = impl_->command(words);
        if (!reply && reply.error().reason == "NOSCRIPT") {
            impl_->forget(script);
            continue;
        }
        if (!reply) return std::move(reply).error();
        const redisReply& answer = **reply;
        if (answer.type == REDIS_REPLY_INTEGER) return std::vector<std::int64_t>{answer.integer};
        if (answer.type != REDIS_REPLY_ARRAY)
            return make_error(ErrorCode::kInternal, "the script did not answer with numbers");
        std::vector<std::int64_t> numbers;
        for (std::size_t i = 0; i < answer.elements; ++i)
            numbers.push_back(answer.element[i]->integer);
        return numbers;
    }
    return away();
}

Result<std::optional<std::string>> Client::get(const std::string& key) {
    TECNOCHAT_TRY(const auto reply, impl_->command({"GET", key}));
    if (reply->type == REDIS_REPLY_NIL) return std::optional<std::string>{};
    return std::optional(std::string(reply->str, reply->len));
}

Status Client::set(const std::string& key, const std::string& value, Milliseconds time_to_live) {
    TECNOCHAT_CHECK(impl_->command({"SET", key, value, "PX", std::to_string(time_to_live.count())})
    );
    return ok();
}

bool Client::reachable() {
    return impl_->command({"PING"}).has_value();
}

}  // namespace tecnochat::redis
