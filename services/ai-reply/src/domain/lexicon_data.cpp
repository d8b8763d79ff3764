#include "domain/lexicon_data.hpp"

#include <array>

namespace tecnochat::ai_reply {
namespace {

using enum GroupKind;

constexpr auto kConceptGroups = std::to_array<ConceptGroup>({
    // What is asked about a thing.
    {"@precio",
     "cuanto precio precios cuesta cuestan costar costo costos costaria vale valen valor valores "
     "valdria cobran cobra cobrar cobro tarifa tarifas sale salen saldria gratis dinero plata "
     "pesos pago pagar paga recargo adicional",
     kFacet},
    {"@duracion",
     "duracion dura duran durar demora demoran demorar tarda tardan tardar tiempo minutos minuto",
     kFacet},
    {"@hora", "hora horas horario horarios clocktime", kFacet},

    // Opening, place, paying, delivering: the questions of every business.
    {"@abrir",
     "abrir abren abre abrimos abrian abierto abierta abiertos abiertas apertura cerrar cierran "
     "cierra cerramos cerrado cerrada cerrados cierre atender atienden atiende atendemos atencion "
     "horario horarios jornada trabajan trabajamos estan"},
    {"@lugar",
     "donde queda quedan ubicado ubicada ubicados ubicacion ubicar direccion direcciones "
     "localizados "
     "encuentran carrera calle diagonal transversal avenida"},
    {"@sede", "sede sedes sucursal sucursales local locales"},
    {"@pagar",
     "pagar pago pagos paga pagan pagas reciben recibimos recibe recibir aceptan aceptamos "
     "acepta efectivo transferencia transferencias consignacion"},
    {"@tarjeta", "tarjeta tarjetas datafono"},
    {"@tarjeta", "visa mastercard", kBroad},
    {"@amex", "amex americanexpress"},
    {"@domicilio",
     "domicilio domicilios domi domis envio envios enviar envian enviamos envias mandan mandar "
     "mandamos despacho despachan entrega entregas entregan entregamos entregar llevan llevamos "
     "llevar "
     "repartir reparten"},
    {"@casa", "casa casas apartamento apto hogar oficina"},
    {"@parqueo",
     "parqueadero parqueaderos parqueo parquear parquean parking estacionamiento estacionar carro "
     "carros vehiculo vehiculos camioneta"},
    {"@bici", "bici bicis bicicleta bicicletas cicla ciclas"},
    {"@moto", "moto motos motocicleta motocicletas"},

    // Booking and keeping to it.
    {"@cita", "cita citas turno turnos agendar agenda reservar reserva reservas reservacion"},
    {"@cancelar",
     "cancelar cancelo cancela cancelan cancelas cancelacion cancelaciones anular anulo anulacion"},
    {"@faltar",
     "faltar faltas falto asistir asisto asiste asistes inasistencia cancelaciones cancelacion "
     "avisar aviso avisanos avisando avisas"},
    {"@tarde",
     "atraso atrasar atrasado atrasados demorado retraso retrasar retrasado tardanza tolerancia "
     "llegadas"},
    {"@guardar",
     "guardar guardan guarda guardamos guardas apartar apartan esperar espera esperan esperas "
     "tolerancia"},
    {"@anticipo", "anticipo anticipos adelanto adelantado abono abonar abona inicial deposito"},
    {"@anticipacion", "anticipacion antelacion antes tiempo avisar minimo"},
    {"@devolver",
     "devolver devuelven devuelve devolvemos devolucion devoluciones reembolso reembolsan "
     "reintegro "
     "cambio cambios cambiar cambian cambia"},
    {"@garantia", "garantia garantias garantizan"},
    {"@encargo", "encargo encargos encargar encargan pedido pedidos pedir pidan pides pide orden"},
    {"@recoger", "recoger recojo recogerlo recogelo recogida"},

    // Money.
    {"@descuento",
     "descuento descuentos rebaja rebajas promocion promociones promo promos oferta ofertas"},
    {"@gratis", "gratis regalan regalo regalado cortesia obsequio gratuito gratuita"},
    {"@cuotas",
     "cuota cuotas diferir diferido financiar financian financiacion financiamiento credito fiar "
     "fiado fian"},
    {"@mensual", "mensual mensuales mensualidad mes meses"},
    {"@factura", "factura facturas facturacion facturar facturan"},
    {"@requisitos",
     "documento documentos documentacion papeles papel requisito requisitos cedula rut piden "
     "pedimos"},
    {"@eps", "eps poliza polizas prepagada seguro seguros convenio convenios aseguradora"},

    // Things and people.
    {"@nino",
     "nino nina ninos ninas hijo hija hijos hijas menor menores infantil infantiles bebe bebes "
     "kids "
     "chico chicos pequenos pelado peladito sobrino sobrina"},
    {"@mascota",
     "mascota mascotas perro perros perra perrita perrito gato gatos gata "
     "peludo peludos cachorro cachorros canino caninos felino felinos"},
    {"@estudiante",
     "estudiante estudiantes universitario universitarios universitaria universidad colegio"},
    {"@corte",
     "corte cortes cortar cortan peluqueada peluquear peluquean motilada motilar motilan motilarse "
     "peluqueria"},
    {"@pelo", "pelo cabello"},
    {"@cumpleanos", "cumpleanos cumpleanero cumpleanera cumple cumplo cumplimos"},
    {"@postre", "postre postres dulce dulces"},
    {"@bebida", "jugo jugos gaseosa gaseosas cerveza cervezas limonada te refresco", kBroad},
    {"@bebida", "bebida bebidas beber tomar"},
    {"@alcohol", "vino vinos licor botella descorche"},
    {"@gluten", "gluten celiaco celiaca celiacos celiacas trigo"},
    {"@alergia", "alergia alergias alergico alergica alergenos trazas"},
    {"@vegano", "vegano vegana veganos veganas vegetariano vegetariana vegetarianos vegetarianas"},
    {"@desayuno", "desayuno desayunos desayunar"},
    {"@almuerzo", "almuerzo almuerzos almorzar corrientazo menudeldia ejecutivo"},
    {"@comida", "comida comidas comer plato platos menu carta"},
    {"@musica", "musica envivo concierto conciertos"},
    {"@wifi", "wifi internet"},
    {"@especialista", "especialista especialistas experto expertos"},
    {"@descansa", "descansa descansan trabaja trabajan trabajar libre"},
    {"@medir", "medir medicion medidas medida visita visitas"},
    {"@alquiler", "alquiler alquilar alquilan alquilamos arriendo arriendan prestan rentar renta"},
    {"@copia", "copia copias duplicado duplicados duplicar"},
    {"@cotizar", "cotizacion cotizaciones cotizar cotizan presupuesto"},
    {"@construir", "construccion constructor constructores obra obras maestro"},
    {"@color", "color colores tono tonos"},
    {"@canas", "canas cana"},
    {"@tinte", "tinte tintes tinturar tintura tapar cubrir camuflar camuflaje"},
    {"@diente", "diente dientes dental dentales muela muelas"},
    {"@cordal", "cordal cordales muelasdeljuicio"},
    {"@blanquear", "blanqueamiento blanquear blanco blanca blancos blancas"},
    {"@embarazo", "embarazo embarazada embarazadas embarazos gestante gestantes"},
    {"@extraer", "extraccion extraer extraen sacar sacarme sacan quitar quitan quitarme"},
    {"@metal", "metal metalico metalicos metalica"},
    {"@incapacidad", "incapacidad incapacitan incapacitar incapacitado reposo"},
    {"@urgencia", "urgencia urgencias emergencia emergencias urgente"},
    {"@grupo", "grupo grupos personas"},
    {"@evento", "evento eventos fiesta fiestas celebracion privado privada salon"},
    {"@pareja", "pareja parejas"},
    {"@mayor", "mayores abuelos ancianos pensionado pensionados"},
    {"@medico", "medico medica medicos doctor doctora veterinario veterinaria"},
    {"@profesor",
     "profesor profesora profesores profe profes instructor instructora instructores entrenador "
     "entrenadora entrenadores coach"},
    {"@inscribir", "inscripcion inscripciones inscribir inscribirme inscribo matricula matricular"},
    {"@pausar", "pausar pauso congelar congelo congelamiento suspender suspendo"},
    {"@examen", "examen examenes analisis resultado resultados laboratorio"},
    {"@revision", "revision revisiones chequeo diagnostico control controles valoracion"},
    {"@cirugia", "cirugia cirugias operar operan operacion operaciones"},
    {"@esterilizar", "esterilizar esterilizan esterilizacion castrar castran castracion"},
    {"@guarderia", "guarderia hotel hospedaje hospedar hospedan alojamiento alojarse alojar"},
    {"@entrada", "checkin ingreso ingresar entrada"},
    {"@salida", "checkout salida"},
    {"@piscina", "piscina piscinas"},
    {"@repuesto", "repuesto repuestos pieza piezas autoparte autopartes"},
    {"@freno", "freno frenos pastillas"},
    {"@grua", "grua gruas remolque desvarada desvare"},
    {"@ropa", "ropa prenda prendas"},
    {"@talla", "talla tallas"},
    {"@toalla", "toalla toallas"},
    {"@casillero", "casillero casilleros locker lockers"},
    {"@transporte", "transporte recogen traslado traslados ruta"},
    {"@depilar", "depilar depilan depilacion"},
    {"@alisar", "alisar alisado alisados keratina"},
    {"@masaje", "masaje masajes"},
    {"@bano", "bano banos banar banan ducha"},
    {"@vacuna", "vacuna vacunas vacunar vacunacion"},
    {"@clase", "clase clases curso cursos taller talleres entrenamiento sesion sesiones"},
    {"@plan", "plan planes membresia membresias afiliacion suscripcion"},
    {"@habitacion", "habitacion habitaciones cuarto cuartos alcoba alcobas"},
    {"@aceite", "aceite aceites lubricante"},
    {"@llanta", "llanta llantas neumatico neumaticos"},
    {"@una", "unas manicure manicura pedicure pedicura"},
    {"@lavar", "lavar lavado lavan lavada lavanderia"},
    {"@reparar", "reparar reparan reparacion reparaciones arreglar arreglan arreglo arreglen"},
    {"@persona", "persona personas"},
    {"@producto", "productos producto venta"},
    {"@primera", "primera primer primero nunca"},

    // Days. A question about a stretch finds the days in it, not the reverse.
    {"@entresemana", "entresemana lunes martes miercoles jueves viernes", kBroad},
    {"@finde", "finde sabado sabados domingo domingos", kBroad},
    {"@festivo", "festivo festivos feriado feriados puente"},
});

constexpr auto kRewrites = std::to_array<Rewrite>({
    // Chat shorthand.
    {"q", "que"},
    {"k", "que"},
    {"dnd", "donde"},
    {"d", "de"},
    {"pa", "para"},
    {"pal", "para el"},
    {"xq", "porque"},
    {"pq", "porque"},
    {"x", "por"},
    {"tb", "tambien"},
    {"tmb", "tambien"},
    {"bn", "bien"},
    {"mn", "manana"},
    {"hr", "hora"},
    {"hrs", "horas"},
    {"min", "minutos"},
    {"mins", "minutos"},
    {"c u", "cada uno"},
    {"ud", "usted"},
    {"uds", "ustedes"},
    {"cll", "calle"},
    {"cra", "carrera"},
    {"kra", "carrera"},
    {"cel", "celular"},
    {"fds", "finde"},
    // Phrases whose words mean something else one by one.
    {"a como", "cuanto"},
    {"a cuanto", "cuanto"},
    {"cuanto tiempo antes", "anticipacion duracion"},
    {"con cuanto tiempo", "anticipacion duracion"},
    {"cuanto se demora", "duracion"},
    {"cuanto se demoran", "duracion"},
    {"cuanto me demoro", "duracion"},
    {"cuanto demora", "duracion"},
    {"cuanto demoran", "duracion"},
    {"cuanto tarda", "duracion"},
    {"cuanto tardan", "duracion"},
    {"cuanto se tarda", "duracion"},
    {"cuanto dura", "duracion"},
    {"cuanto duran", "duracion"},
    {"cuanto tiempo", "duracion"},
    {"en cuanto tiempo", "duracion"},
    {"que tanto dura", "duracion"},
    {"hasta cuando", "plazo"},
    {"fin de semana", "finde"},
    {"fines de semana", "finde"},
    {"entre semana", "entresemana"},
    {"muelas del juicio", "muelasdeljuicio"},
    {"muela del juicio", "muelasdeljuicio"},
    {"american express", "americanexpress"},
    {"en vivo", "envivo"},
    {"menu del dia", "menudeldia"},
    {"por favor", ""},
    {"de pronto", ""},
    {"a veces", ""},
    {"o sea", ""},
    {"que tal", ""},
    {"que pena", ""},
    {"por ahi", ""},
    {"ahi mismo", ""},
    {"en que parte", "donde"},
    {"por donde", "donde"},
    {"en donde", "donde"},
    {"que lado", "donde"},
});

constexpr std::string_view kStopWords =
    "a al algo algun alguna algunas alguno algunos ante aqui ahi alli alla asi aun aunque bien "
    "cada "
    "como con contra cual cuales cualquier cuando cuantos cuantas da dan dar de del desde dice "
    "dicen "
    "dime digame dos e el ella ellas ellos en entonces entre era es esa esas ese eso esos esta "
    "estaba estamos estar estas este esten esto estos estoy etc fue ha hace haceis hacen hacer "
    "haces "
    "hacia han has hasta hay haya he hola i ir la las le les lo los luego mas me mi mio mis "
    "mismo misma mucho mucha muchos muchas muy nada ni no nos nosotros nuestra nuestro o os otra "
    "otras "
    "otro otros para pero poco por porque pudo puedo puede pueden puedes puedan podria podrian "
    "podemos poder pues que quien quienes quiero quiere quieren quisiera queria quieres querer se "
    "sea "
    "ser si siempre sido sin sino sobre solo somos son soy su sus tal tambien tan tanto te tenemos "
    "tener tengo tenga tengan tiene tienen tienes tenes ti toda todas todavia todo todos toca "
    "tocan "
    "tu tus un una uno unos unas usted ustedes va vamos van vas vaya voy y ya yo "
    "porfa porfavor porfis favor gracias buenas buenos buen buena dias noches saludos "
    "veci vecino vecina parce parcero bro amigo amiga don dona senor senora senorita "
    "jaja jeje ok okay listo vale dale claro oye oiga mira disculpe disculpa perdon "
    "quisieramos gustaria saber sabe sabes pregunta preguntar consulta info informacion "
    "informame regalame regala regalas regaleme colabora colabore ayuda ayudame ayudeme ver "
    "necesito necesita necesitamos necesitan hoy ahora ahorita exactamente "
    "tipo cosa cosas vez veces cierto verdad segun menos bastante bastantes eres";

constexpr std::string_view kWeakWords =
    "llegar llego llega llegamos llegan pasar paso pasa pasan venir vengo vienen viene ir voy "
    "poner pone ponen ponerle sacar saco traer trae traen trago traigo dejar dejo deja dejan coger "
    "usar uso usan manejar manejan maneja manejas vender venden venda vendes tomar toman toma "
    "ofrecer ofrecen ofrece incluir incluye incluyen servir sirve sirven quedar quede gustar gusta "
    "comprar compro compre compra buscar busco decir digo hablar habla mirar miro mandar manda "
    "mandan "
    "contar cuenta creer creo pensar pienso salir salgo entrar entro seguir sigo alcanzar alcanzo "
    "perder pierdo pierde existir disponible funcionar funciona hacerle hacerme hacerse preparar "
    "preparan pasa tocar toco tocaria caer caigo dar darme darle dieron haria harian "
    "regalar ayudar avisar ensenar revisar revisa revisaria recomendar "
    "mama papa esposo esposa novio novia hermano hermana primo prima abuelo abuela familia amigo "
    "gente persona personas cliente clientes "
    "manana tarde noche dia dias semana mes ano anos rato momento hora "
    "grande grandes pequeno pequena normal normales bueno bonito mejor peor rapido facil caro cara "
    "barato barata nuevo nueva mismo juntos juntas solo solamente propio propia maximo minimo "
    "cantidad numero parte lado lugar sitio forma manera modo opcion opciones clase "
    "casa unico unica cerca lejos dentro fuera afuera adentro atras adelante aca despues antes "
    "ultimo "
    "pedir piden pido pide tardar igual directo directamente total completo varios varias "
    "uno dos tres cuatro cinco seis siete ocho nueve diez once doce quince veinte treinta "
    "estan llevar llevo vivo estudio trabajo puedan cualquiera lleno ambos plazo";

constexpr std::string_view kGreetingWords =
    "hola holi buenas buenos buen dia dias tarde tardes noche noches que mas hubo tal quiubo "
    "saludos "
    "como esta estas estan te va les todo bien pues y veci vecino vecina parce bro amigo amiga don "
    "dona "
    "senor senora muy ey hey hello alo";

constexpr std::string_view kThanksWords =
    "gracias mil muchas muchisimas mucho gracia agradezco agradecido agradecida le les te lo se "
    "muy "
    "amable amables listo listos ok okay vale dale perfecto bueno bien super genial excelente "
    "chevere "
    "bro parce por la el los las info informacion ayuda todo pues nos vemos alla chao adios hasta "
    "luego "
    "pronto veci vecino vecina don dona senor senora que dios pague bendiciones claro y feliz dia "
    "tarde noche igualmente de una entendido";

}  // namespace

std::span<const ConceptGroup> concept_groups() {
    return kConceptGroups;
}
std::span<const Rewrite> rewrites() {
    return kRewrites;
}
std::string_view stop_words() {
    return kStopWords;
}
std::string_view weak_words() {
    return kWeakWords;
}
std::string_view greeting_words() {
    return kGreetingWords;
}
std::string_view thanks_words() {
    return kThanksWords;
}

}  // namespace tecnochat::ai_reply
