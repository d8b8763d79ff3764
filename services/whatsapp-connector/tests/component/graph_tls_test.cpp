// Goal: over https a token and a text reach only who proves to be the Graph API. Method: a TLS
// server with throwaway certificates; OpenSSL's own variable names the CAs to believe.
#include <httplib.h>

#include <catch2/catch.hpp>
#include <string>
#include <thread>

#include "clients/graph_client.hpp"
#include "tecnochat/testkit/certificates.hpp"
#include "tecnochat/testkit/environment.hpp"
#include "tecnochat/testkit/eventually.hpp"

namespace tecnochat::whatsapp_connector::testing {
namespace {

struct FixedToken final : TokenSource {
    Result<Secret> token(const std::string&) override { return Secret("EAAtoken"); }
};

/// Answers every message as Meta does, on localhost, by the given certificate.
class TlsGraph {
 public:
    explicit TlsGraph(const config::TlsFiles& files)
        : server_(files.certificate.c_str(), files.key.c_str()) {
        server_.Post(".*", [this](const httplib::Request& request, httplib::Response& response) {
            authorization_ = request.get_header_value("Authorization");
            response.set_content(R"({"messages":[{"id":"wamid.A"}]})", "application/json");
        });
        port_ = server_.bind_to_any_port("127.0.0.1");
        thread_ = std::jthread([this] { server_.listen_after_bind(); });
        REQUIRE(testkit::eventually(std::chrono::seconds(10), [this] {
            return server_.is_running();
        }));
    }
    ~TlsGraph() { server_.stop(); }
    TlsGraph(const TlsGraph&) = delete;
    TlsGraph& operator=(const TlsGraph&) = delete;

    GraphAnswer send() {
        FixedToken token;
        GraphClient client(
            {"https://localhost:" + std::to_string(port_),
             "v23.0",
             Milliseconds(5000),
             Milliseconds(5000)},
            token
        );
        ClaimedSend text;
        text.phone_number_id = "106540352242922";
        text.recipient = {"573001112233", ""};
        text.body = "hola";
        return client.send_text(text, "x1:opaque");
    }
    /// What came with the last request; read it after send() only.
    [[nodiscard]] const std::string& authorization() const { return authorization_; }

 private:
    httplib::SSLServer server_;
    std::string authorization_;
    int port_ = 0;
    std::jthread thread_;
};

bool nothing_sent(const GraphAnswer& answer) {
    return std::holds_alternative<NothingSent>(answer);
}

}  // namespace

TEST_CASE("over https a text is posted to a server whose certificate is believed") {
    testkit::TestCertificates certificates;
    certificates.make_ca("public");
    const testkit::ScopedEnvironment trusted{{"SSL_CERT_FILE", certificates.path("public.pem")}};
    TlsGraph graph(certificates.issue("graph", "DNS:localhost", "public", "public"));
    const auto answer = graph.send();
    REQUIRE(std::holds_alternative<Accepted>(answer));
    CHECK(std::get<Accepted>(answer).wamid == "wamid.A");
    CHECK(graph.authorization() == "Bearer EAAtoken");
}

TEST_CASE("a certificate of an unknown CA, or for another name, is shown neither token nor text") {
    testkit::TestCertificates certificates;
    certificates.make_ca("public");
    certificates.make_ca("foreign");
    const testkit::ScopedEnvironment trusted{{"SSL_CERT_FILE", certificates.path("public.pem")}};
    for (const auto& files :
         {certificates.issue("graph", "DNS:localhost", "foreign", "public"),
          certificates.issue("other", "DNS:graph.example", "public", "public")}) {
        TlsGraph graph(files);
        CHECK(nothing_sent(graph.send()));
        CHECK(graph.authorization().empty());
    }
}

}  // namespace tecnochat::whatsapp_connector::testing
