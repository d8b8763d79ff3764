// Goal: over https a token and a text reach only who proves to be the Graph API. Method: a TLS
// server with throwaway certificates; the client's setting names the CAs to believe.
#include <catch2/catch.hpp>
#include <string>

#include "clients/graph_client.hpp"
#include "tecnochat/http_client/testing/raw_server.hpp"
#include "tecnochat/testkit/certificates.hpp"

namespace tecnochat::whatsapp_connector::testing {
namespace {

struct FixedToken final : TokenSource {
    Result<Secret> token(const std::string&) override { return Secret("EAAtoken"); }
};

/// Answers every message as Meta does, on localhost, by the given certificate.
struct TlsGraph {
    explicit TlsGraph(const config::TlsFiles& files)
        : server(files, [](http_client::testing::Peer& peer) {
              constexpr std::string_view kBody = R"({"messages":[{"id":"wamid.A"}]})";
              while (peer.read_request()) {
                  peer.write(
                      "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(kBody.size()) +
                      "\r\n\r\n" + std::string(kBody)
                  );
              }
          }) {}

    [[nodiscard]] GraphAnswer send(const std::string& ca_file) const {
        FixedToken token;
        http_client::CachingResolver resolver;
        telemetry::Metrics metrics;
        GraphClient client(
            {server.url(), "v23.0", Milliseconds(5000), Milliseconds(5000), ca_file},
            token,
            resolver,
            metrics
        );
        ClaimedSend text;
        text.phone_number_id = "106540352242922";
        text.recipient = {"573001112233", ""};
        text.body = "hola";
        return client.send_text(text, "x1:opaque");
    }

    http_client::testing::RawServer server;
};

}  // namespace

TEST_CASE("over https a text is posted to a server whose certificate is believed") {
    testkit::TestCertificates certificates;
    certificates.make_ca("public");
    TlsGraph graph(certificates.issue("graph", "DNS:localhost", "public", "public"));
    const auto answer = graph.send(certificates.path("public.pem"));
    REQUIRE(std::holds_alternative<Accepted>(answer));
    CHECK(std::get<Accepted>(answer).wamid == "wamid.A");
    const auto requests = graph.server.requests();
    REQUIRE(requests.size() == 1);
    CHECK(requests[0].find("\r\nAuthorization: Bearer EAAtoken\r\n") != std::string::npos);
}

TEST_CASE("a certificate of an unknown CA, or for another name, is shown neither token nor text") {
    testkit::TestCertificates certificates;
    certificates.make_ca("public");
    certificates.make_ca("foreign");
    for (const auto& files :
         {certificates.issue("graph", "DNS:localhost", "foreign", "public"),
          certificates.issue("other", "DNS:graph.example", "public", "public")}) {
        const TlsGraph graph(files);
        const auto answer = graph.send(certificates.path("public.pem"));
        CHECK(std::holds_alternative<NothingSent>(answer));
        CHECK(graph.server.requests().empty());
    }
}

}  // namespace tecnochat::whatsapp_connector::testing
