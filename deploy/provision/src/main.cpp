#include <fmt/core.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <exception>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <string>

#include "demo_files.hpp"
#include "kafka_admin.hpp"
#include "provision_topics.hpp"
#include "seed.hpp"
#include "tecnochat/core/clock.hpp"
#include "tecnochat/postgres/migrations.hpp"
#include "topics_file.hpp"

namespace {

using tecnochat::Result;
namespace provision = tecnochat::provision;

struct TopicsCommand {
    std::string file = "deploy/topics.yaml";
    provision::KafkaIdentity identity;
    int timeout_seconds = 30;
};

struct MigrateCommand {
    std::string directory;
    std::string url;
};

struct SeedCommand {
    std::string business;
    std::string knowledge;
    provision::SeedTargets targets;
    int timeout_seconds = 60;
};

/// The PEM files of mutual TLS, for any command.
void add_identity(CLI::App& command, tecnochat::config::TlsFiles& tls) {
    command.add_option("--ca", tls.ca, "PEM file of the CA that signed the server's certificate")
        ->envname("TECNOCHAT_TLS_CA")
        ->required();
    command.add_option("--cert", tls.certificate, "PEM file of the caller's certificate")
        ->envname("TECNOCHAT_TLS_CERT")
        ->required();
    command.add_option("--key", tls.key, "PEM file of its private key")
        ->envname("TECNOCHAT_TLS_KEY")
        ->required();
}

void add_topics(CLI::App& app, TopicsCommand& command) {
    auto* topics = app.add_subcommand(
        "topics",
        "Make a Kafka cluster's topics, their settings and the principals' rights agree with a "
        "file. "
        "Prints what it changed."
    );
    topics->add_option("--file", command.file, "The list of topics")->capture_default_str();
    topics->add_option("--brokers", command.identity.brokers, "host:port[,host:port]")
        ->envname("TECNOCHAT_KAFKA_BROKERS")
        ->required();
    add_identity(*topics, command.identity.tls);
    topics->add_option("--timeout-seconds", command.timeout_seconds, "For all of it together")
        ->check(CLI::Range(1, 600))
        ->capture_default_str();
}

void add_migrate(CLI::App& app, MigrateCommand& command) {
    auto* migrate = app.add_subcommand(
        "migrate",
        "Apply a service's SQL migrations that a database does not have yet, each in one "
        "transaction. "
        "Forward only: a changed file that was applied already is an error."
    );
    migrate->add_option("--dir", command.directory, "Folder of NNNN_name.sql files")->required();
    migrate
        ->add_option(
            "--url",
            command.url,
            "The owner's connection string; its password rather by PGPASSWORD or PGPASSFILE"
        )
        ->required();
}

void add_seed(CLI::App& app, SeedCommand& command) {
    auto* seed = app.add_subcommand(
        "seed",
        "Connect a business' number, store its knowledge, and wait until the services know both. "
        "The certificate must be one that deploy/rpc.yaml lets in (\"provision\")."
    );
    seed->add_option("--business", command.business, "JSON file of the business")->required();
    seed->add_option("--knowledge", command.knowledge, "JSON file of its knowledge")->required();
    seed->add_option("--connector", command.targets.connector, "host:port of whatsapp-connector")
        ->required();
    seed->add_option("--ai-reply", command.targets.ai_reply, "host:port of ai-reply")->required();
    seed->add_option("--router", command.targets.router, "host:port of message-router")->required();
    add_identity(*seed, command.targets.tls);
    seed->add_option("--timeout-seconds", command.timeout_seconds, "For all of it together")
        ->check(CLI::Range(1, 600))
        ->capture_default_str();
}

Result<std::string> read_file(const std::string& path) {
    std::ifstream file(path);
    if (!file) {
        return tecnochat::make_error(
            tecnochat::ErrorCode::kNotFound, fmt::format("{} cannot be read", path)
        );
    }
    return std::string{std::istreambuf_iterator<char>(file), {}};
}

/// Each command's closing line.
Result<std::string> run(const TopicsCommand& command) {
    TECNOCHAT_TRY(const auto text, read_file(command.file));
    TECNOCHAT_TRY(const auto topics, provision::parse_topics(text, command.file));
    const auto deadline = tecnochat::Deadline::after(std::chrono::seconds(command.timeout_seconds));
    TECNOCHAT_TRY(auto admin, provision::KafkaAdmin::connect(command.identity, deadline));
    TECNOCHAT_TRY(const int changes, provision::provision_topics(topics, admin, std::cout));
    return fmt::format("{} changes", changes);
}

Result<std::string> run(const MigrateCommand& command) {
    TECNOCHAT_TRY(
        const int applied,
        tecnochat::postgres::migrate(command.url, std::filesystem::path(command.directory))
    );
    return fmt::format("{} migrations applied", applied);
}

Result<std::string> run(const SeedCommand& command) {
    TECNOCHAT_TRY(const auto business_json, read_file(command.business));
    TECNOCHAT_TRY(const auto knowledge_json, read_file(command.knowledge));
    TECNOCHAT_TRY(const auto business, provision::parse_business(business_json, command.business));
    TECNOCHAT_TRY(
        const auto knowledge,
        provision::parse_knowledge(knowledge_json, command.knowledge, business.tenant_id)
    );
    const auto deadline = tecnochat::Deadline::after(std::chrono::seconds(command.timeout_seconds));
    TECNOCHAT_CHECK(provision::seed(business, knowledge, command.targets, deadline));
    return fmt::format(
        "number {} connected, {} items known", business.phone_number_id, knowledge.size()
    );
}

}  // namespace

int main(int argc, char** argv) {
    CLI::App app{
        "Prepares the outside parts of a TecnoChat installation. Running it again changes nothing."
    };
    app.require_subcommand(1);
    TopicsCommand topics;
    MigrateCommand migrate;
    SeedCommand seed;
    add_topics(app, topics);
    add_migrate(app, migrate);
    add_seed(app, seed);
    CLI11_PARSE(app, argc, argv);

    try {
        const auto done = app.got_subcommand("topics")    ? run(topics)
                          : app.got_subcommand("migrate") ? run(migrate)
                                                          : run(seed);
        if (!done) {
            std::cerr << "tecnochat-provision: " << done.error().message << '\n';
            return 1;
        }
        std::cout << *done << '\n';
        return 0;
    } catch (const std::exception& error) {
        std::cerr << "tecnochat-provision: " << error.what() << '\n';
        return 1;
    }
}
