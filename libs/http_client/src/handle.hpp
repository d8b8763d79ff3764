#pragma once

#include <curl/curl.h>

#include <chrono>
#include <memory>
#include <optional>

#include "tecnochat/http_client/client.hpp"

namespace tecnochat::http_client {

/// One handle of libcurl and the one connection that it may keep. Used by one thread at a time.
class Handle {
 public:
    explicit Handle(const ClientConfig& config);

    /// Whether its connection leads to `origin`, was used after `oldest`, and is quiet: whatever
    /// can be read from an idle connection (an end, a reset, bytes nobody asked for) says that it
    /// must not be used.
    [[nodiscard]] bool can_reuse(const Origin& origin, std::chrono::steady_clock::time_point oldest)
        const;
    /// Whether its connection leads there and is young enough; no system call.
    [[nodiscard]] bool is_for(const Origin& origin, std::chrono::steady_clock::time_point oldest)
        const {
        return origin_ == origin && used_ > oldest;
    }

    /// After a request without a whole answer libcurl's state is not to be relied upon: it has been
    /// seen to rewind the body of the next request for the one before.
    [[nodiscard]] bool is_spent() const { return spent_; }

    struct Times {
        Deadline connected;
        Deadline whole;
    };
    /// `addresses` are those of the host; empty where the host is an address itself.
    Outcome perform(
        const Request& request, const Addresses& addresses, const Times& times, bool reuse
    );

 private:
    struct EasyEnd {
        void operator()(CURL* easy) const { curl_easy_cleanup(easy); }
    };
    struct ListEnd {
        void operator()(curl_slist* list) const { curl_slist_free_all(list); }
    };
    using List = std::unique_ptr<curl_slist, ListEnd>;
    struct Transfer;

    template <class Value>
    void set(CURLoption option, Value value);
    static void append(List& list, const std::string& line);
    void set_fixed(const ClientConfig& config);
    void set_method(const Request& request);
    void set_addresses(const Origin& origin, const Addresses& addresses);
    Outcome outcome(CURLcode code, Transfer& transfer);

    static std::size_t read(char* to, std::size_t size, std::size_t count, void* transfer);
    static int rewind(void* transfer, curl_off_t offset, int from);
    static std::size_t take_head(char* line, std::size_t size, std::size_t count, void* transfer);
    static std::size_t take_body(char* data, std::size_t size, std::size_t count, void* transfer);
    static int progress(void* transfer, curl_off_t, curl_off_t, curl_off_t total, curl_off_t now);
    static int before_request(void* transfer, char*, char*, int, int);
    static curl_socket_t open_socket(void* transfer, curlsocktype purpose, curl_sockaddr* address);

    // Before the handle, which uses it to the end.
    List resolved_;
    std::unique_ptr<CURL, EasyEnd> easy_;
    std::string resolved_text_;
    std::size_t answer_bytes_;
    std::size_t head_bytes_;
    std::optional<Origin> origin_;  // of the connection it keeps
    std::chrono::steady_clock::time_point used_;
    bool spent_ = false;
};

}  // namespace tecnochat::http_client
