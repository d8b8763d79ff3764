#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace tecnochat::meta_simulator {

/// A believable Colombian name for a customer nobody named.
inline std::string customer_name(std::uint64_t bits) {
    static constexpr std::array<std::string_view, 20> kFirst = {
        "Valentina", "Santiago", "Camila",    "Andrés", "Mariana",  "Juan",    "Laura",
        "Felipe",    "Daniela",  "Sebastián", "Paula",  "Carlos",   "Natalia", "Diego",
        "Luisa",     "Julián",   "Sofía",     "Mateo",  "Catalina", "Esteban",
    };
    static constexpr std::array<std::string_view, 20> kLast = {
        "Gómez",    "Rodríguez", "Martínez", "Ramírez", "Castro",  "Moreno", "Vargas",
        "Ospina",   "Restrepo",  "Cárdenas", "Rojas",   "Jiménez", "Mejía",  "Peña",
        "Quintero", "Salazar",   "Torres",   "Patiño",  "Muñoz",   "Zapata",
    };
    return std::string(kFirst[bits % kFirst.size()]) + " " +
           std::string(kLast[(bits >> 16U) % kLast.size()]);
}

}  // namespace tecnochat::meta_simulator
