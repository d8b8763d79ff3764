#include "connection.hpp"

#include <boost/asio/write.hpp>
#include <boost/beast/core/string.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/rfc7230.hpp>
#include <charconv>

#include "tecnochat/core/assert.hpp"
#include "tecnochat/telemetry/log.hpp"

namespace tecnochat::http {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
using boost::system::error_code;
using std::chrono::steady_clock;

// Beside a full header, room to read a body in decent pieces.
constexpr std::size_t kReadAhead = 8 * 1024;
// Larger bodies are counted against Limits::buffered_bytes, and their memory is given back at once.
constexpr std::size_t kSmallBody = 64 * 1024;
// How long a closed connection goes on swallowing what its client still sends, so that the answer
// is not lost to a reset (RFC 9112, 9.6).
constexpr Milliseconds kLinger{2'000};
constexpr auto kNever = steady_clock::time_point::max();

std::string_view view(beast::string_view text) {
    return {text.data(), text.size()};
}

int status_of(const error_code& error) {
    if (error == beast::http::error::body_limit) return 413;
    if (error == beast::http::error::header_limit) return 431;
    if (error == beast::http::error::bad_version) return 505;
    return 400;
}

void append_number(std::string& out, std::size_t number) {
    std::array<char, 20> digits{};
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
    out.append(digits.data(), end);
}

}  // namespace

asio::mutable_buffer Input::prepare() {
    if (begin_ == end_) {
        clear();
    } else if (end_ == bytes_.size() && begin_ > 0) {
        std::copy(
            bytes_.begin() + static_cast<std::ptrdiff_t>(begin_),
            bytes_.begin() + static_cast<std::ptrdiff_t>(end_),
            bytes_.begin()
        );
        end_ -= begin_;
        begin_ = 0;
    }
    return {bytes_.data() + end_, bytes_.size() - end_};
}

void Input::consume(std::size_t count) {
    begin_ += count;
    if (begin_ == end_) clear();
}

std::string_view Request::header(std::string_view name) const {
    const auto& fields = *static_cast<const beast::http::fields*>(fields_);
    return view(fields[beast::string_view(name.data(), name.size())]);
}

Connection::Connection(Socket socket, std::shared_ptr<Loop> loop)
    : loop_(std::move(loop)),
      socket_(std::move(socket)),
      input_(loop_->shared().config.limits.header_bytes + kReadAhead) {}

Connection::~Connection() {
    if (budget_taken_ > 0) loop_->shared().buffered_bytes -= budget_taken_;
    --loop_->shared().connections;
}

void Connection::start() {
    error_code ignored;  // a socket that refuses these fails on its first read
    socket_.set_option(asio::ip::tcp::no_delay(true), ignored);
    socket_.non_blocking(true, ignored);
    enter(Phase::kIdle);
    // Whoever connects wants to say something: the first request gets no idle time before it.
    deadline_ = steady_clock::now() + loop_->shared().config.limits.header_time;
    advance();
}

void Connection::enter(Phase phase) {
    const Limits& limits = loop_->shared().config.limits;
    const auto now = steady_clock::now();
    phase_ = phase;
    switch (phase) {
        case Phase::kIdle:
            deadline_ = now + limits.idle_time;
            break;
        case Phase::kHeader:
            deadline_ = now + limits.header_time;
            break;
        case Phase::kBody:
            deadline_ = now + limits.body_time;
            break;
        case Phase::kWriting:
            deadline_ = now + limits.write_time;
            break;
        case Phase::kLingering:
            deadline_ = now + kLinger;
            break;
        case Phase::kHandling:  // the handler has deadlines of its own
        case Phase::kClosed:
            deadline_ = kNever;
            break;
    }
}

// Iterative, not recursive: a client may pipeline thousands of requests into one packet.
void Connection::advance() {
    if (advancing_) return;
    advancing_ = true;
    while (step()) {
    }
    advancing_ = false;
}

bool Connection::step() {
    switch (phase_) {
        case Phase::kIdle:
            if (input_.empty()) {
                if (loop_->draining()) {
                    close();
                } else {
                    read();
                }
                return false;
            }
            begin_request();
            return true;
        case Phase::kHeader:
        case Phase::kBody:
            return parse();
        case Phase::kHandling:
        case Phase::kWriting:
        case Phase::kLingering:
        case Phase::kClosed:
            return false;
    }
    return false;
}

void Connection::begin_request() {
    const Limits& limits = loop_->shared().config.limits;
    Parser& fresh = parser_.emplace();
    fresh.eager(true);
    fresh.header_limit(static_cast<std::uint32_t>(limits.header_bytes));
    fresh.body_limit(limits.body_bytes);
    body_storage_.clear();
    fresh.get().body().swap(body_storage_);
    header_checked_ = false;
    head_ = false;
    enter(Phase::kHeader);
}

Connection::Parser& Connection::parser() {
    TECNOCHAT_ASSERT(parser_.has_value(), "a request is under way");
    return *parser_;
}

/// Feeds the parser. True: go on (the phase has changed); false: wait for input or for the handler.
bool Connection::parse() {
    Parser& parser = this->parser();
    error_code error;
    while (!input_.empty() && !parser.is_done()) {
        const std::size_t used = parser.put(input_.data(), error);
        input_.consume(used);
        if (error == beast::http::error::need_more) {
            error = {};
            break;
        }
        if (error || used == 0) break;
    }
    if (error) {
        reject(status_of(error));
        return true;
    }
    if (!header_checked_ && parser.is_header_done()) {
        header_checked_ = true;
        if (const int status = refusal(); status != 0) {
            reject(status);
            return true;
        }
        if (!parser.is_done()) {
            enter(Phase::kBody);
            if (beast::iequals(parser.get()[beast::http::field::expect], "100-continue")) {
                error_code ignored;  // a client that cannot be written to fails on the next read
                static constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";
                socket_.write_some(asio::buffer(kContinue), ignored);
            }
        }
    }
    if (!take_budget()) {
        reject(503);
        return true;
    }
    if (parser.is_done()) {
        dispatch();
        return phase_ != Phase::kHandling;
    }
    read();
    return false;
}

/// What the header alone is refused for; 0 if nothing.
int Connection::refusal() {
    using beast::http::field;
    const auto& message = parser().get();
    if (message.version() == 11 && message.count(field::host) != 1) return 400;
    // Anything but exactly "chunked" leaves the body's end open to interpretation.
    if (message.count(field::transfer_encoding) > 0 &&
        !beast::iequals(message[field::transfer_encoding], "chunked")) {
        return 501;
    }
    if (message.count(field::content_encoding) > 0) return 415;
    return 0;
}

bool Connection::take_budget() {
    const std::size_t size = parser().get().body().capacity();
    if (size <= kSmallBody + kBodyPadding || size <= budget_taken_) return true;
    Shared& shared = loop_->shared();
    const std::size_t more = size - budget_taken_;
    const std::size_t total = shared.buffered_bytes.fetch_add(more) + more;
    budget_taken_ = size;
    return total <= shared.config.limits.buffered_bytes;
}

void Connection::release_body() {
    if (!parser_) return;
    body_storage_.swap(parser_->get().body());
    if (budget_taken_ > 0) {
        body_storage_ = {};
        loop_->shared().buffered_bytes -= std::exchange(budget_taken_, 0);
    }
    parser_.reset();
}

void Connection::dispatch() {
    const auto& message = parser().get();
    keep_alive_ = message.keep_alive();
    head_ = message.method() == beast::http::verb::head;
    const std::string_view target = view(message.target());
    const auto question = target.find('?');
    request_.method_ = view(message.method_string());
    request_.path_ = target.substr(0, question);
    request_.query_ = question == target.npos ? std::string_view{} : target.substr(question + 1);
    request_.body_ = message.body();
    request_.fields_ = static_cast<const beast::http::fields*>(&message);
    enter(Phase::kHandling);
    try {
        loop_->shared().handler(request_, Responder(shared_from_this()));
    } catch (const std::exception& error) {  // unwinding destroyed the Responder: 500 is out
        telemetry::log_error("http: exception in a handler", {{"error", error.what()}});
    }
}

void Connection::reject(int status) {
    keep_alive_ = false;
    answer(Response{.status = status});
}

void Connection::answer(const Response& response) {
    if (phase_ == Phase::kClosed) return;
    if (loop_->draining()) keep_alive_ = false;
    if (const auto& told = loop_->shared().config.on_answer) told(response.status);
    compose(response);
    release_body();
    written_ = 0;
    failpoints_ = response.failpoints;
    if (failpoints_.before_write != nullptr) failpoints_.before_write->hit();
    write();
}

void Connection::compose(const Response& response) {
    using beast::http::int_to_status;
    const auto status = static_cast<unsigned>(response.status);
    output_.assign("HTTP/1.1 ");
    append_number(output_, status);
    output_.append(" ").append(view(beast::http::obsolete_reason(int_to_status(status))));
    output_.append("\r\nDate: ").append(loop_->date());
    output_.append("\r\nContent-Length: ");
    append_number(output_, response.body.size());
    if (!response.body.empty()) {
        output_.append("\r\nContent-Type: ").append(response.content_type);
    }
    for (const Header& header : response.headers) {
        output_.append("\r\n").append(header.name).append(": ").append(header.value);
    }
    output_.append(keep_alive_ ? "\r\n\r\n" : "\r\nConnection: close\r\n\r\n");
    if (!head_) output_.append(response.body);
}

void Connection::write() {
    // The socket nearly always takes an answer whole: try before asking the reactor.
    error_code error;
    written_ += socket_.write_some(asio::buffer(output_), error);
    if (!error && written_ == output_.size()) {
        answered();
        return;
    }
    if (error && error != asio::error::would_block) {
        close();
        return;
    }
    enter(Phase::kWriting);
    asio::async_write(
        socket_,
        asio::buffer(output_) + written_,
        [self = shared_from_this()](const error_code& failed, std::size_t) {
            self->on_written(failed);
        }
    );
}

void Connection::on_written(const error_code& error) {
    if (phase_ == Phase::kClosed) return;
    if (error) {
        close();
        return;
    }
    answered();
}

void Connection::answered() {
    if (failpoints_.after_write != nullptr) failpoints_.after_write->hit();
    if (!keep_alive_) {
        linger();
        return;
    }
    enter(Phase::kIdle);
    advance();
}

void Connection::linger() {
    error_code ignored;  // a peer that has gone already shows in the read below
    socket_.shutdown(asio::ip::tcp::socket::shutdown_send, ignored);
    enter(Phase::kLingering);
    if (!reading_) {
        input_.clear();
        read();
    }
}

void Connection::read() {
    const auto room = input_.prepare();
    if (room.size() == 0) {  // a header line that fills all of it
        reject(431);
        return;
    }
    reading_ = true;
    socket_.async_read_some(
        room,
        [self = shared_from_this()](const error_code& error, std::size_t count) {
            self->on_read(error, count);
        }
    );
}

void Connection::on_read(const error_code& error, std::size_t count) {
    reading_ = false;
    if (phase_ == Phase::kClosed) return;
    if (error) {
        close();
        return;
    }
    if (phase_ == Phase::kLingering) {
        input_.clear();
        read();
        return;
    }
    input_.commit(count);
    advance();
}

void Connection::drain() {
    if (phase_ == Phase::kIdle) close();
}

void Connection::time_out() {
    switch (phase_) {
        case Phase::kHeader:
        case Phase::kBody:
            reject(408);
            return;
        case Phase::kIdle:
        case Phase::kWriting:
        case Phase::kLingering:
            close();
            return;
        case Phase::kHandling:
        case Phase::kClosed:
            return;
    }
}

void Connection::close() {
    if (phase_ == Phase::kClosed) return;
    const auto keep = shared_from_this();  // forget() may drop the last reference
    enter(Phase::kClosed);
    error_code ignored;
    socket_.close(ignored);
    loop_->forget(this);
}

Responder::Responder(std::shared_ptr<Connection> connection) : connection_(std::move(connection)) {}

Responder::~Responder() {
    if (connection_) send(Response{.status = 500});
}

void Responder::send(Response response) {
    TECNOCHAT_ASSERT(connection_ != nullptr, "a request is answered exactly once");
    const std::shared_ptr<Connection> connection = std::move(connection_);
    Loop& loop = connection->loop();
    if (loop.context().get_executor().running_in_this_thread()) {
        connection->answer(response);
    } else {
        loop.complete(connection, std::move(response));
    }
}

}  // namespace tecnochat::http
