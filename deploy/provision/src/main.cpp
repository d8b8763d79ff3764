#include <fmt/core.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <exception>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <string>

#include "kafka_admin.hpp"
#include "provision_topics.hpp"
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
    topics
        ->add_option(
            "--ca", command.identity.ca, "PEM file of the CA that signed the broker's certificate"
        )
        ->envname("TECNOCHAT_TLS_CA")
        ->required();
    topics
        ->add_option("--cert", command.identity.cert, "PEM file of an administrator's certificate")
        ->envname("TECNOCHAT_TLS_CERT")
        ->required();
    topics->add_option("--key", command.identity.key, "PEM file of its private key")
        ->envname("TECNOCHAT_TLS_KEY")
        ->required();
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

Result<int> run(const TopicsCommand& command) {
    std::ifstream file(command.file);
    if (!file) {
        return tecnochat::make_error(
            tecnochat::ErrorCode::kNotFound, fmt::format("{} cannot be read", command.file)
        );
    }
    const std::string text{std::istreambuf_iterator<char>(file), {}};
    TECNOCHAT_TRY(const auto topics, provision::parse_topics(text, command.file));
    const auto deadline = tecnochat::Deadline::after(std::chrono::seconds(command.timeout_seconds));
    TECNOCHAT_TRY(auto admin, provision::KafkaAdmin::connect(command.identity, deadline));
    return provision::provision_topics(topics, admin, std::cout);
}

Result<int> run(const MigrateCommand& command) {
    return tecnochat::postgres::migrate(command.url, std::filesystem::path(command.directory));
}

}  // namespace

int main(int argc, char** argv) {
    CLI::App app{
        "Prepares the outside parts of a TecnoChat installation. Running it again changes nothing."
    };
    app.require_subcommand(1);
    TopicsCommand topics;
    MigrateCommand migrate;
    add_topics(app, topics);
    add_migrate(app, migrate);
    CLI11_PARSE(app, argc, argv);

    try {
        const bool is_topics = app.got_subcommand("topics");
        const auto done = is_topics ? run(topics) : run(migrate);
        if (!done) {
            std::cerr << "tecnochat-provision: " << done.error().message << '\n';
            return 1;
        }
        std::cout << *done << (is_topics ? " changes\n" : " migrations applied\n");
        return 0;
    } catch (const std::exception& error) {
        std::cerr << "tecnochat-provision: " << error.what() << '\n';
        return 1;
    }
}
