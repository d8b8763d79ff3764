#include "handle.hpp"

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstring>
#include <new>
#include <utility>

#include "fields.hpp"
#include "tecnochat/core/assert.hpp"

namespace tecnochat::http_client {
namespace {

const char* name_of(Method method) {
    switch (method) {
        case Method::kGet:
            return "GET";
        case Method::kPost:
            return "POST";
        case Method::kPut:
            return "PUT";
        case Method::kPatch:
            return "PATCH";
        case Method::kDelete:
            return "DELETE";
    }
    return "";
}

bool has_body(Method method) {
    return method != Method::kGet && method != Method::kDelete;
}

/// For libcurl, whose 0 means "no limit".
long positive(Milliseconds time) {
    return std::max<long>(1, static_cast<long>(time.count()));
}

NothingSent::Why before_request_failed(CURLcode code) {
    switch (code) {
        case CURLE_COULDNT_RESOLVE_HOST:
            return NothingSent::Why::kLookup;
        case CURLE_SSL_CONNECT_ERROR:
        case CURLE_SSL_CIPHER:
        case CURLE_SSL_CACERT_BADFILE:
        case CURLE_PEER_FAILED_VERIFICATION:
            return NothingSent::Why::kHandshake;
        default:
            return NothingSent::Why::kConnect;
    }
}

Doubtful::Why doubt(CURLcode code) {
    switch (code) {
        case CURLE_OPERATION_TIMEDOUT:
            return Doubtful::Why::kDeadline;
        case CURLE_UNSUPPORTED_PROTOCOL:  // an answer without a status line
        case CURLE_WEIRD_SERVER_REPLY:
        case CURLE_BAD_CONTENT_ENCODING:
        case CURLE_HTTP2:
            return Doubtful::Why::kUnreadable;
        default:
            return Doubtful::Why::kCut;
    }
}

}  // namespace

/// One call, as libcurl's callbacks see it.
struct Handle::Transfer {
    const Request& request;
    std::size_t answer_bytes = 0;
    std::size_t head_bytes = 0;
    CURL* easy = nullptr;
    bool begun = false;  // the connection is ready, from here on bytes of the request may leave
    bool written = false;
    bool too_large = false;
    bool head_ended = false;
    std::size_t read = 0;  // of the request's body, by libcurl
    Answer answer{};

    [[nodiscard]] std::size_t body_size() const {
        return has_body(request.method) ? request.body.size() : 0;
    }
    /// Whether the kernel took anything of the request. libcurl counts the head, which goes first,
    /// once a write has succeeded; a TLS record that was written in part is no use to the server.
    [[nodiscard]] bool has_left() const {
        long size = 0;
        curl_easy_getinfo(easy, CURLINFO_REQUEST_SIZE, &size);
        return size > 0;
    }
};

template <class Value>
void Handle::set(CURLoption option, Value value) {
    const auto code = curl_easy_setopt(easy_.get(), option, value);
    if (code == CURLE_OUT_OF_MEMORY) throw std::bad_alloc();
    TECNOCHAT_ASSERT(code == CURLE_OK, "libcurl refuses an option");
}

void Handle::append(List& list, const std::string& line) {
    auto* longer = curl_slist_append(list.get(), line.c_str());
    if (longer == nullptr) throw std::bad_alloc();
    static_cast<void>(list.release());
    list.reset(longer);
}

Handle::Handle(const ClientConfig& config)
    : easy_(curl_easy_init()), answer_bytes_(config.answer_bytes), head_bytes_(config.head_bytes) {
    if (easy_ == nullptr) throw std::bad_alloc();
    set_fixed(config);
}

void Handle::set_fixed(const ClientConfig& config) {
    set(CURLOPT_NOSIGNAL, 1L);
    set(CURLOPT_PROTOCOLS_STR, "http,https");
    set(CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
    set(CURLOPT_FOLLOWLOCATION, 0L);
    set(CURLOPT_PROXY, "");  // not even one from the environment
    set(CURLOPT_PATH_AS_IS, 1L);
    set(CURLOPT_DISALLOW_USERNAME_IN_URL, 1L);
    set(CURLOPT_NETRC, static_cast<long>(CURL_NETRC_IGNORED));
    set(CURLOPT_USERAGENT, "tecnochat");
    set(CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
    set(CURLOPT_SSL_VERIFYPEER, 1L);
    set(CURLOPT_SSL_VERIFYHOST, 2L);
    if (!config.ca_file.empty()) {
        set(CURLOPT_CAINFO, config.ca_file.c_str());
        set(CURLOPT_CAPATH, static_cast<const char*>(nullptr));
    }
    // The Resolver's addresses hold until they are replaced: libcurl itself never looks up a name.
    set(CURLOPT_DNS_CACHE_TIMEOUT, -1L);
    // One connection a handle. The client's own clock is finer than these seconds.
    set(CURLOPT_MAXCONNECTS, 1L);
    set(CURLOPT_MAXAGE_CONN, static_cast<long>(config.keep.count() / 1000 + 1));
    set(CURLOPT_UPLOAD_BUFFERSIZE, 16L * 1024);
    set(CURLOPT_READFUNCTION, &Handle::read);
    set(CURLOPT_SEEKFUNCTION, &Handle::rewind);
    set(CURLOPT_HEADERFUNCTION, &Handle::take_head);
    set(CURLOPT_WRITEFUNCTION, &Handle::take_body);
    set(CURLOPT_XFERINFOFUNCTION, &Handle::progress);
    set(CURLOPT_NOPROGRESS, 0L);
    set(CURLOPT_PREREQFUNCTION, &Handle::before_request);
    set(CURLOPT_OPENSOCKETFUNCTION, &Handle::open_socket);
}

void Handle::set_method(const Request& request) {
    if (has_body(request.method)) {
        set(CURLOPT_POST, 1L);
        set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.body.size()));
    } else {
        set(CURLOPT_HTTPGET, 1L);
    }
    set(CURLOPT_CUSTOMREQUEST, name_of(request.method));
}

void Handle::set_addresses(const Origin& origin, const Addresses& addresses) {
    if (addresses.empty()) return;
    std::string line = origin.host + ":" + std::to_string(origin.port) + ":";
    for (const auto& address : addresses) {
        if (!line.ends_with(':') || &address != &addresses.front()) line += ',';
        line += address;
    }
    if (line == resolved_text_) return;
    List list;
    append(list, line);
    set(CURLOPT_RESOLVE, list.get());
    resolved_ = std::move(list);
    resolved_text_ = std::move(line);
}

bool Handle::can_reuse(const Origin& origin, std::chrono::steady_clock::time_point oldest) const {
    if (!is_for(origin, oldest)) return false;
    curl_socket_t socket = CURL_SOCKET_BAD;
    if (curl_easy_getinfo(easy_.get(), CURLINFO_ACTIVESOCKET, &socket) != CURLE_OK) return false;
    if (socket == CURL_SOCKET_BAD) return false;
    pollfd quiet{.fd = socket, .events = POLLIN, .revents = 0};
    return poll(&quiet, 1, 0) == 0;
}

Outcome Handle::perform(
    const Request& request, const Addresses& addresses, const Times& times, bool reuse
) {
    Transfer transfer{request, answer_bytes_, head_bytes_, easy_.get()};
    const auto url = request.url.text();
    List headers;
    append(headers, "Expect:");  // libcurl's own would wait for a word before the body
    if (has_body(request.method)) append(headers, "Content-Type:");  // the caller's or none
    for (const auto& header : request.headers) append(headers, header.name + ": " + header.value);

    set(CURLOPT_URL, url.c_str());
    set(CURLOPT_HTTPHEADER, headers.get());
    set_method(request);
    set_addresses(request.url.origin(), addresses);
    set(CURLOPT_READDATA, &transfer);
    set(CURLOPT_SEEKDATA, &transfer);
    set(CURLOPT_HEADERDATA, &transfer);
    set(CURLOPT_WRITEDATA, &transfer);
    set(CURLOPT_XFERINFODATA, &transfer);
    set(CURLOPT_PREREQDATA, &transfer);
    set(CURLOPT_OPENSOCKETDATA, &transfer);
    set(CURLOPT_FRESH_CONNECT, reuse ? 0L : 1L);
    set(CURLOPT_CONNECTTIMEOUT_MS, positive(times.connected.remaining()));
    set(CURLOPT_TIMEOUT_MS, positive(times.whole.remaining()));

    const auto code = curl_easy_perform(easy_.get());
    set(CURLOPT_HTTPHEADER, static_cast<curl_slist*>(nullptr));
    auto result = outcome(code, transfer);
    origin_.reset();
    if (std::holds_alternative<Answer>(result)) {
        origin_ = request.url.origin();
        used_ = std::chrono::steady_clock::now();
    } else {
        spent_ = transfer.begun;
    }
    return result;
}

Outcome Handle::outcome(CURLcode code, Transfer& transfer) {
    if (!transfer.begun) return NothingSent{before_request_failed(code)};
    if (transfer.too_large) return Doubtful{Doubtful::Why::kTooLarge};
    if (code != CURLE_OK) {
        if (!transfer.has_left()) return NothingSent{NothingSent::Why::kConnection};
        return Doubtful{doubt(code)};
    }
    // An end within the head is no error to libcurl.
    if (!transfer.head_ended) return Doubtful{Doubtful::Why::kCut};
    long status = 0;
    curl_easy_getinfo(easy_.get(), CURLINFO_RESPONSE_CODE, &status);
    auto& answer = transfer.answer;
    answer.status = static_cast<int>(status);
    const bool bodiless = status == 204 || status == 304;
    const auto coding = answer.header("Transfer-Encoding");
    const bool framed =
        bodiless || !answer.header("Content-Length").empty() || equal_names(coding, "chunked");
    if (!framed) return Doubtful{Doubtful::Why::kUnframed};
    return std::move(answer);
}

/// The guards of "at most once": libcurl sends a request anew when a kept connection turns out to
/// be dead, as often as five times. That would begin with a new socket, pass before_request again,
/// and read the body again: each of them refuses.
curl_socket_t Handle::open_socket(void* transfer, curlsocktype, curl_sockaddr* address) {
    if (static_cast<Transfer*>(transfer)->begun) return CURL_SOCKET_BAD;
    return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

int Handle::before_request(void* transfer, char*, char*, int, int) {
    const bool again = std::exchange(static_cast<Transfer*>(transfer)->begun, true);
    return again ? CURL_PREREQFUNC_ABORT : CURL_PREREQFUNC_OK;
}

int Handle::rewind(void*, curl_off_t, int) {
    return CURL_SEEKFUNC_FAIL;
}

std::size_t Handle::read(char* to, std::size_t size, std::size_t count, void* data) {
    auto& transfer = *static_cast<Transfer*>(data);
    // Never from the start again: `read` only grows.
    const auto part = std::min(size * count, transfer.body_size() - transfer.read);
    std::memcpy(to, transfer.request.body.data() + transfer.read, part);
    transfer.read += part;
    return part;
}

/// Called after every step of the transfer, so between the last byte of the request and the first
/// of the answer.
int Handle::progress(
    void* data, curl_off_t, curl_off_t, curl_off_t /*total*/, curl_off_t uploaded
) {
    auto& transfer = *static_cast<Transfer*>(data);
    if (transfer.written || !transfer.begun || !transfer.answer.head.empty()) return 0;
    if (static_cast<std::size_t>(uploaded) != transfer.body_size() || !transfer.has_left())
        return 0;
    transfer.written = true;
    if (transfer.request.written) transfer.request.written();
    return 0;
}

std::size_t Handle::take_head(char* line, std::size_t size, std::size_t count, void* data) {
    auto& transfer = *static_cast<Transfer*>(data);
    auto& answer = transfer.answer;
    const std::string_view text(line, size * count);
    // A head after a 1xx begins anew; what follows a body are trailers.
    if (text.starts_with("HTTP/") && answer.body.empty()) answer.head.clear();
    answer.head += text;
    transfer.head_ended = text == "\r\n" || text == "\n" || !answer.body.empty();
    if (answer.head.size() > transfer.head_bytes) {
        transfer.too_large = true;
        return 0;
    }
    return text.size();
}

std::size_t Handle::take_body(char* bytes, std::size_t size, std::size_t count, void* data) {
    auto& transfer = *static_cast<Transfer*>(data);
    if (transfer.answer.body.size() + size * count > transfer.answer_bytes) {
        transfer.too_large = true;
        return 0;
    }
    transfer.answer.body.append(bytes, size * count);
    return size * count;
}

}  // namespace tecnochat::http_client
