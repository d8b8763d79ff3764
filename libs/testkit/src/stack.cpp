#include "tecnochat/testkit/stack.hpp"

#include <fstream>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "tecnochat/core/environment.hpp"

namespace tecnochat::testkit {
namespace {

std::string required(const char* name) {
    const auto value = environment_variable(name);
    if (!value) {
        throw std::runtime_error(
            std::string(name) + " is not set: run this through ./tecnochat test"
        );
    }
    return *value;
}

}  // namespace

Stack Stack::from_environment() {
    return {
        required("TECNOCHAT_TEST_ENDPOINTS"),
        required("TECNOCHAT_CLI"),
        required("TECNOCHAT_STATE_DIR"),
    };
}

Stack::Stack(std::string endpoints_file, std::string cli, std::string state_directory)
    : endpoints_file_(std::move(endpoints_file)),
      cli_(std::move(cli)),
      state_directory_(std::move(state_directory)) {}

nlohmann::json Stack::endpoints() const {
    std::ifstream file(endpoints_file_);
    if (!file) throw std::runtime_error("cannot read " + endpoints_file_);
    return nlohmann::json::parse(file);
}

std::string Stack::endpoint(const std::string& pointer) const {
    return endpoints().at(nlohmann::json::json_pointer(pointer)).get<std::string>();
}

pid_t Stack::pid(const std::string& part) const {
    return endpoints().at("pids").at(part).get<pid_t>();
}

void Stack::start(const std::string& part, const std::map<std::string, std::string>& environment)
    const {
    command("start", part, environment);
}
void Stack::stop(const std::string& part) const {
    command("stop", part, {});
}
void Stack::kill(const std::string& part) const {
    command("kill", part, {});
}

void Stack::command(
    const std::string& verb,
    const std::string& part,
    const std::map<std::string, std::string>& environment
) const {
    const auto result = run({cli_, "--state-dir", state_directory_, verb, part}, environment);
    if (result.exit_code != 0)
        throw std::runtime_error("tecnochat " + verb + " " + part + " failed:\n" + result.output);
}

config::TlsFiles Stack::identity(const std::string& name) const {
    const std::string certs = state_directory_ + "/certs/";
    return {certs + "ca.crt", certs + name + ".crt", certs + name + ".key"};
}

std::string Stack::database_url(const std::string& service) const {
    const auto all = endpoints();
    const auto database = all.at("databases").at(service).get<std::string>();
    const auto url = all.at("postgres").get<std::string>();
    // scheme://user:password@host:port/<database>?options
    const auto slash = url.find('/', url.find("://") + 3);
    const auto question = url.find('?');
    return url.substr(0, slash) + "/" + database +
           (question == std::string::npos ? "" : url.substr(question));
}

std::string Stack::binary(const std::string& name) const {
    return required("TECNOCHAT_TEST_BINARIES") + "/" + name;
}

}  // namespace tecnochat::testkit
