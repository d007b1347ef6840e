"""Names and places from which records are composed. All persons, companies and numbers are invented."""

from dataclasses import dataclass

FIRST_NAMES = (
    "Ana", "Luis", "María", "Javier", "Carmen", "Antonio", "Lucía", "Manuel", "Elena", "Sergio", "Paula", "Álvaro",
    "Nuria",
    "Iñaki", "Begoña", "Íñigo", "Rocío", "Jordi", "Montserrat", "Xavier", "Joana", "Tiago", "Inês", "Miguel", "Camille",
    "Élodie", "Thomas", "Benoît", "Anke", "Jürgen", "Katharina", "Björn", "Giulia", "Lorenzo", "Chiara", "Matteo",
    "Emily",
    "Oliver", "Charlotte", "Harry", "Søren", "Zoë", "Siân", "Núria", "Teodoro", "Ainhoa", "Gonzalo", "Marta",
)  # fmt: skip
LAST_NAMES = (
    "García", "Fernández", "López", "Martínez", "Sánchez", "Pérez", "Gómez", "Ruiz", "Hernández", "Jiménez", "Muñoz",
    "Núñez", "Iglesias", "Ortega", "Delgado", "Castro", "Etxeberria", "Agirre", "Puig", "Ferrer", "Vidal", "Roca",
    "Soler",
    "Silva", "Santos", "Ferreira", "Pereira", "Oliveira", "Lefèvre", "Moreau", "Girard", "Dubois", "Rousseau", "Müller",
    "Schäfer", "Weiß", "Köhler", "Neumann", "Rossi", "Bianchi", "Conti", "Marchetti", "D'Angelo", "O'Connor", "Smith",
    "Taylor", "Walker", "Hughes", "Clarke", "de la Fuente", "del Río", "van Dijk",
)  # fmt: skip
ACTIVITIES = (
    "Bodegas", "Talleres", "Construcciones", "Suministros", "Transportes", "Conservas", "Muebles", "Instalaciones",
    "Aceites",
    "Maquinaria", "Textiles", "Cerámicas", "Embutidos", "Logística", "Imprenta", "Ferretería", "Distribuciones",
    "Panadería",
    "Viveros", "Electrónica", "Pinturas", "Áridos", "Cristalerías", "Envases", "Frutas", "Carpintería", "Energías",
    "Laboratorios", "Consultores", "Hostelería",
)  # fmt: skip
ENDINGS = (
    "e Hijos",
    "Hermanos",
    "y Asociados",
    "del Norte",
    "del Sur",
    "Ibérica",
    "Internacional",
    "2000",
    "& Co.",
    "Grupo",
)
DEPARTMENTS = ("Compras", "Administración", "Ventas", "Dirección", "Logística", "Finance", "Marketing", "IT")
TITLES = (
    "Gerente", "Directora financiera", "Jefe de compras", "Responsable de administración", "Purchasing Manager", "CEO",
    "Contable", "Office Manager", "Directeur commercial", "Einkaufsleiter",
)  # fmt: skip
SENTENCES = (
    "Cliente desde la feria de Zaragoza.", "Pide siempre albarán valorado.", "Horario de entrega de 8 a 14 h.",
    "Do not call on Fridays.", "Pago a 60 días, día 25.", "Factura a nombre de la matriz.",
    "Interesado en la gama «Azul».",
    "Precios especiales según acuerdo marco.", "Contact prefers e-mail.", "Llamar antes de servir.",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Country:
    """A country in which companies are placed."""

    code: str
    names: tuple[str, ...]
    """As people write it, in several languages."""
    dial: str
    forms: tuple[str, ...]
    """Legal forms."""
    tax: str
    """Shape of a tax number: `#` is a digit."""
    domain: str
    streets: tuple[str, ...]
    cities: tuple[tuple[str, str, str], ...]
    """City, region, shape of a post code."""


COUNTRIES = (
    Country(
        code="ES",
        names=("España", "Spain", "ES"),
        dial="+34",
        forms=("S.L.", "S.A.", "S.L.U.", "S. Coop."),
        tax="ESB########",
        domain="es",
        streets=(
            "Calle Mayor, {0}",
            "Avda. de la Constitución, {0}",
            "C/ del Pilar, {0}, 2º izda.",
            "Polígono Industrial El Prado, nave {0}",
            "Rambla Nova, {0}",
            "Paseo de la Castellana, {0}",
        ),
        cities=(
            ("Madrid", "Madrid", "280##"),
            ("Barcelona", "Barcelona", "080##"),
            ("València", "Valencia", "460##"),
            ("Sevilla", "Sevilla", "410##"),
            ("Zaragoza", "Zaragoza", "500##"),
            ("A Coruña", "A Coruña", "150##"),
            ("Donostia-San Sebastián", "Gipuzkoa", "200##"),
            ("Logroño", "La Rioja", "260##"),
            ("Málaga", "Málaga", "290##"),
        ),
    ),
    Country(
        code="PT",
        names=("Portugal",),
        dial="+351",
        forms=("Lda.", "S.A."),
        tax="PT#########",
        domain="pt",
        streets=("Rua Augusta {0}", "Avenida da Liberdade {0}"),
        cities=(("Lisboa", "Lisboa", "1###-###"), ("Porto", "Porto", "4###-###"), ("Évora", "Alentejo", "70##-###")),
    ),
    Country(
        code="FR",
        names=("Francia", "France", "FR"),
        dial="+33",
        forms=("SARL", "SAS", "SA"),
        tax="FR###########",
        domain="fr",
        streets=("{0} rue de la République", "{0} bis, avenue Foch"),
        cities=(
            ("Paris", "Île-de-France", "750##"),
            ("Lyon", "Auvergne-Rhône-Alpes", "690##"),
            ("Bayonne", "Nouvelle-Aquitaine", "641##"),
        ),
    ),
    Country(
        code="DE",
        names=("Alemania", "Germany", "Deutschland"),
        dial="+49",
        forms=("GmbH", "AG", "GmbH & Co. KG"),
        tax="DE#########",
        domain="de",
        streets=("Hauptstraße {0}", "Königsallee {0}"),
        cities=(
            ("München", "Bayern", "80###"),
            ("Köln", "Nordrhein-Westfalen", "50###"),
            ("Hamburg", "Hamburg", "20###"),
        ),
    ),
    Country(
        code="IT",
        names=("Italia", "Italy"),
        dial="+39",
        forms=("S.r.l.", "S.p.A."),
        tax="IT###########",
        domain="it",
        streets=("Via Roma {0}", "Corso Garibaldi {0}"),
        cities=(
            ("Milano", "Lombardia", "201##"),
            ("Torino", "Piemonte", "101##"),
            ("Bologna", "Emilia-Romagna", "401##"),
        ),
    ),
    Country(
        code="GB",
        names=("Reino Unido", "United Kingdom"),
        dial="+44",
        forms=("Ltd", "plc", "LLP"),
        tax="GB#########",
        domain="co.uk",
        streets=("{0} High Street", "Unit {0}, Riverside Park"),
        cities=(
            ("Leeds", "West Yorkshire", "LS# #AB"),
            ("Newcastle upon Tyne", "Tyne and Wear", "NE# #XY"),
            ("Bristol", "", "BS# #CD"),
        ),
    ),
)
COUNTRY_WEIGHTS = (60, 8, 10, 8, 7, 7)
