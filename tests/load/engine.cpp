#include "engine.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <stdexcept>
#include <string_view>

#include "processor_time.hpp"

namespace tecnochat::load {
namespace {

using Clock = std::chrono::steady_clock;
using Instant = Clock::time_point;

constexpr std::chrono::seconds kLastAnswers{10};
constexpr std::size_t kMaxAnswerHead = 4096;
constexpr std::string_view kStatusLine = "HTTP/1.1 ";

/// How many bytes the first answer in `text` has; 0 while it is not complete.
std::size_t answer_size(const std::string& text) {
    const auto head_end = text.find("\r\n\r\n");
    if (head_end == text.npos) return 0;
    std::size_t body = 0;
    for (const char* name : {"Content-Length: ", "content-length: "}) {
        const auto at = text.find(name);
        if (at < head_end) body = std::strtoul(text.c_str() + at + std::strlen(name), nullptr, 10);
    }
    const std::size_t size = head_end + 4 + body;
    return text.size() < size ? 0 : size;
}

class Engine {
 public:
    Engine(const Plan& plan, const std::vector<std::string>& requests)
        : plan_(plan), requests_(requests), epoll_(epoll_create1(EPOLL_CLOEXEC)) {
        prctl(PR_SET_TIMERSLACK, 1UL);  // the default of 50 us would blur an open-loop schedule
        clients_.resize(plan.connections);
        for (std::size_t i = 0; i < clients_.size(); ++i) connect(i);
    }
    ~Engine() {
        for (const Client& client : clients_) {
            if (client.socket >= 0) close(client.socket);
        }
        close(epoll_);
    }
    Engine(const Engine&) = delete;
    Engine& operator=(const Engine&) = delete;

    Outcome run();

 private:
    struct Client {
        int socket = -1;
        bool busy = false;
        Instant since;  // of the request under way: sent, or scheduled (open loop)
        std::string received;
    };

    void connect(std::size_t index);
    void send(std::size_t index, Instant since);
    void start_due_requests(Instant now);
    void receive(std::size_t index);
    void broken(std::size_t index);
    void completed(std::size_t index, int status);
    void wait(Instant now);
    void note_measure_start(Instant now);
    [[nodiscard]] Instant due(std::uint64_t n) const {
        return started_ + std::chrono::nanoseconds(
                              static_cast<std::int64_t>(static_cast<double>(n) * 1e9 / plan_.rate)
                          );
    }

    const Plan& plan_;
    const std::vector<std::string>& requests_;
    int epoll_;
    std::vector<Client> clients_;
    std::vector<std::size_t> idle_;
    std::deque<Instant> waiting_;  // scheduled, but every connection was busy
    std::uint64_t scheduled_ = 0;
    std::size_t busy_ = 0;
    Instant started_;
    Instant measure_from_;
    Instant measure_to_;
    bool measuring_ = false;
    bool ended_ = false;
    Outcome outcome_;
};

void Engine::connect(std::size_t index) {
    Client& client = clients_[index];
    if (client.socket >= 0) close(client.socket);
    client = Client{};
    client.socket = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(plan_.target.port);
    if (inet_pton(AF_INET, plan_.target.host.c_str(), &address.sin_addr) != 1 ||
        ::connect(client.socket, reinterpret_cast<const sockaddr*>(&address), sizeof address) !=
            0) {
        throw std::runtime_error(
            "cannot connect to " + plan_.target.host + ":" + std::to_string(plan_.target.port)
        );
    }
    const int yes = 1;
    setsockopt(client.socket, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    fcntl(client.socket, F_SETFL, O_NONBLOCK);
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.u64 = index;
    epoll_ctl(epoll_, EPOLL_CTL_ADD, client.socket, &event);
    idle_.push_back(index);
}

void Engine::send(std::size_t index, Instant since) {
    Client& client = clients_[index];
    const std::string& request = requests_[outcome_.sent % requests_.size()];
    client.busy = true;
    client.since = since;
    ++busy_;
    ++outcome_.sent;
    // A request of a kilobyte into an empty socket is taken whole, or something is wrong.
    const ssize_t taken = ::send(client.socket, request.data(), request.size(), MSG_NOSIGNAL);
    if (taken != static_cast<ssize_t>(request.size())) broken(index);
}

void Engine::broken(std::size_t index) {
    if (clients_[index].busy) {
        --busy_;
        ++outcome_.broken;
    } else {
        std::erase(idle_, index);
    }
    connect(index);
}

void Engine::start_due_requests(Instant now) {
    if (plan_.rate <= 0) {
        while (!ended_ && !idle_.empty()) {
            const std::size_t index = idle_.back();
            idle_.pop_back();
            send(index, Clock::now());
        }
        return;
    }
    for (; due(scheduled_) <= now && due(scheduled_) < measure_to_; ++scheduled_) {
        if (idle_.empty()) ++outcome_.late;
        waiting_.push_back(due(scheduled_));
    }
    while (!waiting_.empty() && !idle_.empty()) {
        const std::size_t index = idle_.back();
        idle_.pop_back();
        const Instant since = waiting_.front();
        waiting_.pop_front();
        send(index, since);
    }
}

void Engine::receive(std::size_t index) {
    Client& client = clients_[index];
    std::array<char, kMaxAnswerHead> bytes{};
    const ssize_t count = recv(client.socket, bytes.data(), bytes.size(), 0);
    if (count < 0 && errno == EAGAIN) return;
    if (count <= 0) {
        broken(index);
        return;
    }
    client.received.append(bytes.data(), static_cast<std::size_t>(count));
    const std::size_t size = answer_size(client.received);
    if (size == 0) return;
    int status = 0;  // of an answer that is none
    if (client.received.size() >= kStatusLine.size() + 3) {
        const auto* const digits = client.received.data() + kStatusLine.size();
        std::from_chars(digits, digits + 3, status);
    }
    client.received.erase(0, size);
    completed(index, status);
}

void Engine::completed(std::size_t index, int status) {
    Client& client = clients_[index];
    const Instant now = Clock::now();
    ++outcome_.statuses[status];
    // Closed loop: what ended in the time. Open loop: what was due in it, whenever it ended.
    const Instant decisive = plan_.rate > 0 ? client.since : now;
    if (decisive >= measure_from_ && decisive < measure_to_) {
        ++outcome_.answers;
        outcome_.latency.record(static_cast<std::uint64_t>(
            std::chrono::duration_cast<std::chrono::microseconds>(now - client.since).count()
        ));
    }
    client.busy = false;
    --busy_;
    if (plan_.rate <= 0 && !ended_) {
        send(index, now);
    } else {
        idle_.push_back(index);
    }
}

void Engine::wait(Instant now) {
    std::chrono::nanoseconds pause = std::chrono::milliseconds(10);
    if (plan_.rate > 0 && !ended_) {
        pause = std::clamp<std::chrono::nanoseconds>(
            due(scheduled_) - now, std::chrono::nanoseconds(0), pause
        );
    }
    const timespec timeout{.tv_sec = 0, .tv_nsec = pause.count()};
    std::array<epoll_event, 128> events{};
    const int ready =
        epoll_pwait2(epoll_, events.data(), static_cast<int>(events.size()), &timeout, nullptr);
    for (int i = 0; i < ready; ++i) {
        receive(static_cast<std::size_t>(events[static_cast<std::size_t>(i)].data.u64));
    }
}

void Engine::note_measure_start(Instant now) {
    if (measuring_ || now < measure_from_) return;
    measuring_ = true;
    for (const pid_t pid : plan_.pids) outcome_.cpu_seconds[pid] = -processor_seconds(pid);
}

Outcome Engine::run() {
    outcome_.started = std::chrono::system_clock::now();
    started_ = Clock::now();
    measure_from_ = started_ + plan_.warmup;
    measure_to_ = measure_from_ + plan_.measure;
    for (;;) {
        const Instant now = Clock::now();
        note_measure_start(now);
        if (!ended_ && now >= measure_to_) {
            for (const pid_t pid : plan_.pids) outcome_.cpu_seconds[pid] += processor_seconds(pid);
            ended_ = true;
        }
        start_due_requests(now);  // after the end only what was due before it
        const bool owed = busy_ > 0 || !waiting_.empty();
        if (ended_ && (!owed || now >= measure_to_ + kLastAnswers)) break;
        wait(now);
    }
    outcome_.broken += busy_ + waiting_.size();
    outcome_.seconds = std::chrono::duration<double>(plan_.measure).count();
    return std::move(outcome_);
}

}  // namespace

Outcome run(const Plan& plan, const std::vector<std::string>& requests) {
    return Engine(plan, requests).run();
}

}  // namespace tecnochat::load
