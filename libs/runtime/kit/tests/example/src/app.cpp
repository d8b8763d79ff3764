#include "app.hpp"

#include "tecnochat/pipeline/transactional.hpp"

namespace tecnochat::example_service {
namespace {

runtime::ServiceSteps steps{"example-service", kShape};
pipeline::TransactionalTopic things{"example-service", "things"};

struct Thing {
    TenantId tenant;
    std::string name;
};

Result<Thing> decode(const kafka::Record& record) {
    TECNOCHAT_TRY(const auto tenant, TenantId::parse(record.key));
    return Thing{tenant, record.value};
}

class CountThings {
 public:
    Result<pipeline::Effects> run(
        postgres::Transaction& transaction, std::span<const pipeline::Incoming<Thing>> items
    ) {
        for (const auto& [tenant, thing, trace, at] : items) {
            transaction.send(
                "INSERT INTO things (tenant_id, name) VALUES ($1::uuid, $2)",
                postgres::Params().add(tenant).add(thing.name)
            );
        }
        return pipeline::Effects();
    }
};

class ExampleApp final : public runtime::ServiceApp {
 public:
    ExampleApp(const Config& config, telemetry::Metrics& metrics)
        : ServiceApp(steps, config.service, {.connections = 4, .tenants = no_tenants}, metrics) {
        consume(
            things,
            pipeline::transactional(
                runtime(),
                things,
                pipeline::Source<Thing>{decode, pipeline::tenant_from(&Thing::tenant)},
                count_things_
            )
        );
    }

 private:
    static std::vector<TenantId> no_tenants() { return {}; }

    CountThings count_things_;
};

}  // namespace

std::unique_ptr<runtime::App> make_app(Config config, telemetry::Metrics& metrics) {
    return std::make_unique<ExampleApp>(config, metrics);
}

}  // namespace tecnochat::example_service
