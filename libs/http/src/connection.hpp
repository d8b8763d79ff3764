#pragma once

#include <boost/beast/http/parser.hpp>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "loop.hpp"
#include "padded_body.hpp"
#include "tecnochat/http/server.hpp"

namespace tecnochat::http {

/// The bytes read from the socket and not parsed yet, in one fixed piece of memory.
class Input {
 public:
    explicit Input(std::size_t capacity) : bytes_(capacity) {}
    [[nodiscard]] bool empty() const { return begin_ == end_; }
    [[nodiscard]] boost::asio::const_buffer data() const {
        return {bytes_.data() + begin_, end_ - begin_};
    }
    /// Room for the next read; empty when the buffer is full of unparsed bytes.
    boost::asio::mutable_buffer prepare();
    void commit(std::size_t count) { end_ += count; }
    void consume(std::size_t count);
    void clear() { begin_ = end_ = 0; }

 private:
    std::vector<char> bytes_;
    std::size_t begin_ = 0;
    std::size_t end_ = 0;
};

/// One client. Lives on its loop's thread; only Responder reaches it from elsewhere, through
/// Loop::complete. Reads nothing while a request is with the handler, so answers keep the requests'
/// order and a client that pipelines without end fills its own socket, not our memory.
class Connection : public std::enable_shared_from_this<Connection> {
 public:
    Connection(Socket socket, std::shared_ptr<Loop> loop);
    ~Connection();
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;

    void start();
    /// The handler's answer, or the server's own.
    void answer(const Response& response);
    void drain();
    void close();
    [[nodiscard]] bool late(std::chrono::steady_clock::time_point now) const {
        return now >= deadline_;
    }
    void time_out();
    [[nodiscard]] Loop& loop() { return *loop_; }

 private:
    enum class Phase { kIdle, kHeader, kBody, kHandling, kWriting, kLingering, kClosed };
    using Parser = boost::beast::http::request_parser<PaddedBody>;

    void enter(Phase phase);
    void advance();
    bool step();
    bool parse();
    void begin_request();
    int refusal();
    /// Of the request under way.
    Parser& parser();
    bool take_budget();
    void release_body();
    void dispatch();
    void reject(int status);
    void read();
    void on_read(const boost::system::error_code& error, std::size_t count);
    void compose(const Response& response);
    void write();
    void on_written(const boost::system::error_code& error);
    void answered();
    void linger();

    // Shared with every connection of the loop and the server; keeps the queue that Responder uses.
    std::shared_ptr<Loop> loop_;
    Socket socket_;
    Phase phase_ = Phase::kIdle;
    std::chrono::steady_clock::time_point deadline_;
    Input input_;
    std::optional<Parser> parser_;
    std::string body_storage_;  // kept between requests, so that small bodies allocate nothing
    Request request_;
    std::string output_;
    std::size_t written_ = 0;
    AnswerFailpoints failpoints_;  // of the answer in output_
    std::size_t budget_taken_ = 0;
    bool header_checked_ = false;
    bool keep_alive_ = true;
    bool head_ = false;
    bool reading_ = false;
    bool advancing_ = false;
};

}  // namespace tecnochat::http
