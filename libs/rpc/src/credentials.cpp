#include "credentials.hpp"

#include <fmt/format.h>
#include <grpc/support/log.h>

#include <fstream>
#include <iterator>
#include <mutex>

#include "tecnochat/telemetry/log.hpp"

namespace tecnochat::rpc {
namespace {

struct Pem {
    std::string ca;
    std::string certificate;
    std::string key;
};

Result<std::string> read_pem(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    std::string content{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
    // gRPC itself would answer an empty or foreign file with a null server and no reason.
    if (content.find("-----BEGIN ") == std::string::npos) {
        return make_error(
            ErrorCode::kInvalidArgument, fmt::format("'{}' is not a readable PEM file", path)
        );
    }
    return content;
}

Result<Pem> read_pems(const config::TlsFiles& files) {
    Pem pem;
    TECNOCHAT_TRY(pem.ca, read_pem(files.ca));
    TECNOCHAT_TRY(pem.certificate, read_pem(files.certificate));
    TECNOCHAT_TRY(pem.key, read_pem(files.key));
    return pem;
}

void log_grpc_line(gpr_log_func_args* line) {
    telemetry::log_limited(
        telemetry::Level::kWarning, "grpc library complains", {{"error", line->message}}
    );
}

}  // namespace

Result<std::shared_ptr<grpc::ServerCredentials>> server_credentials(const config::TlsFiles& files) {
    TECNOCHAT_TRY(const Pem pem, read_pems(files));
    grpc::SslServerCredentialsOptions options(
        GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY
    );
    options.pem_root_certs = pem.ca;
    options.pem_key_cert_pairs.push_back({pem.key, pem.certificate});
    return grpc::SslServerCredentials(options);
}

Result<std::shared_ptr<grpc::ChannelCredentials>> channel_credentials(const config::TlsFiles& files
) {
    TECNOCHAT_TRY(const Pem pem, read_pems(files));
    grpc::SslCredentialsOptions options;
    options.pem_root_certs = pem.ca;
    options.pem_private_key = pem.key;
    options.pem_cert_chain = pem.certificate;
    return grpc::SslCredentials(options);
}

void route_grpc_log() {
    static std::once_flag once;
    std::call_once(once, [] { gpr_set_log_function(log_grpc_line); });
}

}  // namespace tecnochat::rpc
