#include "transport.hpp"

#include <libpq-fe.h>

#include <memory>
#include <string_view>

#include "tecnochat/core/loopback.hpp"

namespace tecnochat::postgres {
namespace {

struct FreeOptions {
    void operator()(PQconninfoOption* options) const noexcept { PQconninfoFree(options); }
};
using ConnectionOptions = std::unique_ptr<PQconninfoOption, FreeOptions>;

std::string value_of(const ConnectionOptions& options, std::string_view keyword) {
    if (!options) return {};
    for (const auto* option = options.get(); option->keyword != nullptr; ++option) {
        if (option->keyword == keyword && option->val != nullptr) return option->val;
    }
    return {};
}

/// libpq takes several, separated by commas, and tries one after the other. An empty one and a path
/// are a socket in the file system.
bool all_local(std::string_view hosts) {
    for (;;) {
        const auto comma = hosts.find(',');
        const auto host = hosts.substr(0, comma);
        const bool is_socket = host.empty() || host.starts_with('/') || host.starts_with('@');
        if (!is_socket && !is_loopback(host)) return false;
        if (comma == hosts.npos) return true;
        hosts.remove_prefix(comma + 1);
    }
}

}  // namespace

Status check_transport(const std::string& conninfo) {
    const ConnectionOptions given(PQconninfoParse(conninfo.c_str(), nullptr));
    if (!given) {
        return make_error(
            ErrorCode::kInvalidArgument, "the PostgreSQL URL cannot be read: postgresql://…"
        );
    }
    const ConnectionOptions defaults(PQconndefaults());
    const auto effective = [&](std::string_view keyword) {
        auto value = value_of(given, keyword);
        return value.empty() ? value_of(defaults, keyword) : value;
    };
    // What a service's file says is known only once it connects; the URL's own words win over it.
    const bool by_service = !value_of(given, "service").empty();
    const bool local = all_local(effective("host")) && all_local(effective("hostaddr"));
    if (local && !by_service) return ok();
    if ((by_service ? value_of(given, "sslmode") : effective("sslmode")) == "verify-full")
        return ok();
    return make_error(
        ErrorCode::kFailedPrecondition,
        "PostgreSQL on another machine needs sslmode=verify-full (and sslrootcert) in its URL"
    );
}

}  // namespace tecnochat::postgres
